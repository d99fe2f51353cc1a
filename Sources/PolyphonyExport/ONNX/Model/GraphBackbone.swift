/// A backbone in a graph, as a chain of stages: embed → encode → fuse → represent → head.
///
/// The functions are those of `Backbone`.
protocol GraphBackbone {
  /// Changes the sequences of all modalities after layer `j` of an encoder.
  typealias LayerHook = (_ layer: Int, _ tokens: [GraphTokens]) -> [GraphTokens]

  func embed(_ inputs: GraphInputs) -> [GraphTokens]
  func encode(_ embedded: [GraphTokens], afterLayer: LayerHook) -> [GraphTokens]
  func fuse(_ encoded: [GraphTokens], afterLayer: LayerHook) -> [GraphTokens]
  func represent(_ fused: [GraphTokens]) -> GraphTensor
  func headFeatures(_ representation: GraphTensor) -> GraphTensor
  func prediction(_ features: GraphTensor) -> GraphTensor
  /// One vector for each sample.
  func pooled(_ representation: GraphTensor) -> GraphTensor

  /// The numbers of one sample's vector.
  var representationWidth: Int { get }
  /// The tensors of the model.
  var parameters: GraphParameters { get }
}

extension GraphBackbone {
  /// Default: the last layer alone.
  func prediction(_ features: GraphTensor) -> GraphTensor { parameters.at("out_layer").linear(features) }
  /// Default: the last layer reads as many numbers as the representation has.
  var representationWidth: Int { parameters.shape("out_layer.weight")[1] }
  /// Default: the representation itself.
  func pooled(_ representation: GraphTensor) -> GraphTensor { representation }

  /// Every modality at the model's width. A vector becomes one step, and a modality without a projection stays as it is.
  func project(_ inputs: GraphInputs, with projections: [GraphParameters]) -> [GraphTokens] {
    projections.enumerated().map { index, projection in
      let isSequence = inputs.lengths[index] != nil
      let x = isSequence ? inputs.values[index] : inputs.values[index].unsqueezed(1)
      return GraphTokens(projection.has("weight") ? projection.pointwise(x) : x, mask: inputs.mask(index))
    }
  }

  /// Each modality through its own encoder, all of them layer by layer.
  func encode(_ tokens: [GraphTokens], with encoders: [GraphEncoder], afterLayer: LayerHook) -> [GraphTokens] {
    let forbidden = zip(tokens, encoders).map { $1.forbidden($0, $0) }
    var states = zip(tokens, encoders).map { $1.embed($0) }
    for layer in 0..<encoders[0].layers {
      for index in states.indices {
        states[index].values = encoders[index].layer(layer, states[index].values, nil, forbidden[index])
      }
      states = afterLayer(layer, states)
    }
    return zip(states, encoders).map { $1.normalized($0) }
  }

  /// The sequences joined in time, through one encoder. After each layer they are cut into parts for `afterLayer`.
  func joined(_ encoded: [GraphTokens], by fusion: GraphEncoder, afterLayer: LayerHook) -> [GraphTokens] {
    let whole = GraphTokens.joined(encoded)
    let lengths = encoded.map(\.length)
    let forbidden = fusion.forbidden(whole, whole)
    var state = fusion.embed(whole)
    for layer in 0..<fusion.layers {
      state.values = fusion.layer(layer, state.values, nil, forbidden)
      let parts = afterLayer(layer, state.split(lengths))
      state.values = .concatenated(parts.map(\.values), 1)
    }
    return [fusion.normalized(state)]
  }
}
