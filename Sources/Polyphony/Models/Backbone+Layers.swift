import Torch

// Parts from which the built-in backbones make their stages, for a backbone of one's own too.

extension Backbone {
  /// Projections of all modalities to the model's width; a vector becomes one step.
  ///
  /// A modality without a projection stays as it is.
  public func project(_ inputs: Inputs, with projections: [Conv1d?]) -> [Tokens] {
    inputs.modalities.indices.map { index in
      let x = inputs.modalities[index]
      let sequence = configuration.modalities[index].kind == .vector ? x.unsqueezed(1) : x
      return Tokens(projections[index]?.pointwise(sequence) ?? sequence, mask: inputs.mask(index))
    }
  }

  /// Encodes with one encoder per modality: layer by layer where `afterLayer` acts in between, otherwise at once.
  ///
  /// ```swift
  /// public func encode(_ embedded: [Tokens], afterLayer: LayerHook?) -> [Tokens] {
  ///   encode(embedded, with: encoders, afterLayer: afterLayer)
  /// }
  /// ```
  public func encode(
    _ tokens: [Tokens], with encoders: [TransformerEncoder], afterLayer: LayerHook?
  ) -> [Tokens] {
    guard let afterLayer else {
      return zip(tokens, encoders).map { Tokens($1($0.values, mask: $0.mask), mask: $0.mask) }
    }
    var states = zip(tokens, encoders).map { Tokens($1.embed($0.values, mask: $0.mask), mask: $0.mask) }
    for layer in 0..<(encoders.map(\.layers.count).max() ?? 0) {
      for index in states.indices where layer < encoders[index].layers.count {
        states[index].values = encoders[index].layers[layer](states[index].values, mask: states[index].mask)
      }
      states = afterLayer(layer, states)
    }
    return zip(states, encoders).map { Tokens($1.norm($0.values), mask: $0.mask) }
  }

  /// The sequences joined in time, through one encoder.
  ///
  /// `afterLayer` gets the joined sequence cut into the modalities' parts, whose lengths it keeps.
  public func joined(
    _ encoded: [Tokens], by fusion: TransformerEncoder, afterLayer: LayerHook? = nil
  ) -> [Tokens] {
    let joined = Tokens.joined(encoded)
    guard let afterLayer else { return [Tokens(fusion(joined.values, mask: joined.mask), mask: joined.mask)] }
    let lengths = encoded.map(\.length)
    var values = fusion.embed(joined.values, mask: joined.mask)
    for (index, layer) in fusion.layers.enumerated() {
      values = layer(values, mask: joined.mask)
      let parts = zip(values.split(lengths, 1), encoded).map { Tokens($0, mask: $1.mask) }
      values = .concatenated(afterLayer(index, parts).map(\.values), 1)
    }
    return [Tokens(fusion.norm(values), mask: joined.mask)]
  }

  /// The first step of ``joined(_:by:afterLayer:)``, `[B, width]`; the encoder's last layer computes no other.
  public func firstStep(ofJoined encoded: [Tokens], by fusion: TransformerEncoder) -> Tensor {
    let joined = Tokens.joined(encoded)
    return fusion(joined.values, mask: joined.mask, readout: .first).squeezed(1)
  }

  /// W₂ drop(relu(W₁ r)) + r: the residual block before the last layer.
  public func residualBlock(_ r: Tensor, _ first: Linear, _ second: Linear) -> Tensor {
    second(first(r).relu().dropout(configuration.dropout.output, active: isTraining)) + r
  }
}

extension ModelConfiguration {
  /// Projections of all modalities to the width, with random starting values.
  public func projections() -> [Conv1d] { modalities.map { Conv1d($0.features ?? 0, width) } }

  /// An encoder of this configuration, or one that differs in width, depth or causality.
  public func encoder(width: Int? = nil, layers: Int? = nil, causal: Bool = false) -> TransformerEncoder {
    TransformerEncoder(
      width: width ?? self.width, heads: heads, layers: layers ?? self.layers, rates: dropout, causal: causal)
  }
}
