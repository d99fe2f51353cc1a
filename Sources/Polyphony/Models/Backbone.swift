import Torch

/// A multimodal model as a chain of stages: embed → encode → fuse → represent → head.
///
/// The stages are functions, so that a method can stand between two of them (``Attachment``) without a copy of the
/// model. Tensor names are those of the published implementations (see the file formats).
public protocol Backbone: Module {
  /// Everything that determines the shapes.
  var configuration: ModelConfiguration { get set }

  /// Projects every modality to the model's width, `[B, L_m, width]` each.
  func embed(_ inputs: Inputs) -> [Tokens]

  /// Encodes every modality; `afterLayer` may change all of them after each layer.
  func encode(_ embedded: [Tokens], afterLayer: LayerHook?) -> [Tokens]

  /// Joins the modalities: the sequences that the representation is read from.
  func fuse(_ encoded: [Tokens]) -> [Tokens]

  /// Reads one vector per sample out of the fused sequences, `[B, representationWidth]`.
  func represent(_ fused: [Tokens]) -> Tensor

  /// What the last linear layer takes, `[B, headWidth]`, or `[B, headWidth, h, w]` where every place of an image is
  /// classified.
  func headFeatures(_ representation: Tensor) -> Tensor

  /// The prediction `[B, outputs]` from ``headFeatures(_:)``: ``outputLayer``, and whatever linear map follows it
  /// (`[B, outputs, height, width]` for segmentation).
  func prediction(_ features: Tensor) -> Tensor

  /// The prediction from the representation, in one.
  func head(_ representation: Tensor) -> Tensor

  /// Features per step of the encoded modalities.
  var encodedWidth: Int { get }

  /// ``represent(_:)`` of ``fuse(_:)``: in one, for when nobody stands between, an encoder need not compute steps
  /// that are not read.
  func represent(encoded: [Tokens]) -> Tensor

  /// ``represent(encoded:)`` of ``encode(_:afterLayer:)``, in one for the same reason.
  func represent(embedded: [Tokens]) -> Tensor

  /// Methods that belong to the architecture itself: they act before those attached, their parameters are the
  /// backbone's.
  var ownMethods: [any Attachment] { get }

  /// The last linear layer of the head, whose gradient CGGM reads.
  var outputLayer: Linear { get }

  /// Keys of the head's parameters start with one of these; everything else is the body.
  static var headPrefixes: [String] { get }

  /// Keys that belong to modality `index` alone (projection and encoder) start with one of these; empty where
  /// the architecture has no separate encoders.
  func encoderPrefixes(_ index: Int) -> [String]

  /// The name in a file of the tensor with this key, where the published implementations use another one.
  func fileKey(_ key: String) -> String
}

/// Called after layer `j` of the encoders with the sequences of all modalities, to change them.
public typealias LayerHook = (_ layer: Int, _ tokens: [Tokens]) -> [Tokens]

extension Backbone {
  /// None.
  public var ownMethods: [any Attachment] { [] }

  /// The same name.
  public func fileKey(_ key: String) -> String { key }

  /// The width of the model.
  public var encodedWidth: Int { configuration.width }

  /// The last layer.
  public func prediction(_ features: Tensor) -> Tensor { outputLayer(features) }

  /// ``headFeatures(_:)``, then ``prediction(_:)``.
  public func head(_ representation: Tensor) -> Tensor { prediction(headFeatures(representation)) }

  /// Stage by stage.
  public func represent(encoded: [Tokens]) -> Tensor { represent(fuse(encoded)) }

  /// Stage by stage.
  public func represent(embedded: [Tokens]) -> Tensor { represent(encoded: encode(embedded, afterLayer: nil)) }

  /// Whether a key belongs to the head.
  public static func isHead(_ key: String) -> Bool { headPrefixes.contains { key.hasPrefix($0 + ".") } }

  /// Encodes with one encoder per modality, layer by layer where somebody wants to look in between.
  func encode(_ tokens: [Tokens], with encoders: [TransformerEncoder], afterLayer: LayerHook?) -> [Tokens] {
    guard let afterLayer else {
      return zip(tokens, encoders).map { Tokens($1($0.values, mask: $0.mask), mask: $0.mask) }
    }
    var states = zip(tokens, encoders).map { Tokens($1.embed($0.values, mask: $0.mask), mask: $0.mask) }
    for layer in 0..<(encoders.first?.layers.count ?? 0) {
      for index in states.indices {
        states[index].values = encoders[index].layers[layer](states[index].values, mask: states[index].mask)
      }
      states = afterLayer(layer, states)
    }
    return zip(states, encoders).map { Tokens($1.norm($0.values), mask: $0.mask) }
  }

  /// The sequences joined in time, through one encoder.
  func joined(_ encoded: [Tokens], by fusion: TransformerEncoder) -> [Tokens] {
    let joined = Tokens.joined(encoded)
    return [Tokens(fusion(joined.values, mask: joined.mask), mask: joined.mask)]
  }

  /// The first step of ``joined(_:by:)``, for which the encoder's last layer computes no other.
  func firstStep(ofJoined encoded: [Tokens], by fusion: TransformerEncoder) -> Tensor {
    let joined = Tokens.joined(encoded)
    return fusion(joined.values, mask: joined.mask, readout: .first).squeezed(1)
  }

  /// W₂ drop(relu(W₁ r)) + r: the residual block before the last layer.
  func residualBlock(_ r: Tensor, _ first: Linear, _ second: Linear) -> Tensor {
    second(first(r).relu().dropout(configuration.dropout.output, active: isTraining)) + r
  }

  /// Projections of all modalities to the model's width; a vector becomes one step.
  func project(_ inputs: Inputs, with projections: [Conv1d?]) -> [Tokens] {
    inputs.modalities.indices.map { index in
      let x = inputs.modalities[index]
      let sequence = configuration.modalities[index].kind == .vector ? x.unsqueezed(1) : x
      return Tokens(projections[index]?.pointwise(sequence) ?? sequence, mask: inputs.mask(index))
    }
  }
}
