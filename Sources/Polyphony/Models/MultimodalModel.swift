import Torch

/// A backbone with the methods attached to it: what is trained, adapted and asked for predictions.
public final class MultimodalModel {
  /// The backbone.
  public let backbone: any Backbone
  /// Methods in the order in which they act.
  public var attachments: [any Attachment] = []
  /// What the network does to inputs before anything else.
  private(set) var normalization: InputNormalization

  /// What a forward pass gives.
  public struct Output {
    /// The encoded modalities, `[B, L_m, width]` each; empty unless they were asked for.
    public var encoded: [Tokens]
    /// r, `[B, representationWidth]`.
    public var representation: Tensor
    /// What the last linear layer takes, `[B, headWidth]`.
    public var features: Tensor
    /// ŷ, `[B, outputs]`: values, or logits.
    public var prediction: Tensor

    /// r as one vector per sample, `[B, width']`: a map is averaged over its places.
    public var pooled: Tensor { representation.rank > 2 ? representation.mean(2, 3) : representation }
  }

  /// A model without methods.
  public init(_ backbone: any Backbone) {
    self.backbone = backbone
    normalization = InputNormalization(backbone.configuration)
  }

  /// Everything that determines the backbone.
  public var configuration: ModelConfiguration { backbone.configuration }

  /// Passes inputs through all stages.
  ///
  /// - Parameters:
  ///   - inputs: the samples.
  ///   - encodings: whether the output shall hold the encoded modalities. Without them, and where no method
  ///     stands between, stages are joined and nothing is computed that is not read.
  public func callAsFunction(_ inputs: Inputs, encodings: Bool = false) -> Output {
    let methods = methods
    let stages = methods.reduce(into: Stages()) { $0.formUnion($1.stages) }
    var inputs = normalization(inputs)
    for method in methods { inputs = method.prepare(inputs) }
    var tokens = backbone.embed(inputs)
    for method in methods { tokens = method.embedded(tokens, inputs) }
    // From here on what was made up counts as present, but for those whose business it is what was not.
    var completed = inputs
    if methods.contains(where: \.makesUpMissingModalities) { completed.presence = nil }
    func seen(_ method: any Attachment) -> Inputs { method.handlesMissingModalities ? inputs : completed }
    var encoded: [Tokens] = []
    var fused: [Tokens] = []
    var representation: Tensor
    if !encodings, stages.isDisjoint(with: [.layers, .encoded, .fused]) {
      representation = backbone.represent(embedded: tokens)
    } else {
      tokens = backbone.encode(tokens, afterLayer: layerHook(seen))
      for method in methods { tokens = method.encoded(tokens, seen(method)) }
      for method in methods { method.willFuse(tokens, seen(method)) }
      if encodings { encoded = tokens }
      if stages.contains(.fused) {
        fused = backbone.fuse(tokens)
        for method in methods { fused = method.fused(fused, seen(method)) }
        representation = backbone.represent(fused)
      } else {
        representation = backbone.represent(encoded: tokens)
      }
    }
    for method in methods { representation = method.represented(representation, fused, seen(method)) }
    let features = backbone.headFeatures(representation)
    return Output(
      encoded: encoded, representation: representation, features: features,
      prediction: backbone.prediction(features))
  }

  /// Makes all other modalities absent to this model from now on; its configuration says so, on disk too.
  /// - Throws: `Fault(.usage)` for names that the model does not have.
  public func restrict(to names: [String]) throws(Fault) {
    var configuration = configuration
    configuration.only = names
    try configuration.validate()
    backbone.configuration = configuration
    normalization = InputNormalization(configuration)
  }

  /// Where the model's parameters lie.
  public var device: Device { backbone.parameters().first?.storage.tensor?.device ?? .cpu }

  /// Whether a sample may come without some of its modalities.
  public var handlesMissingModalities: Bool { methods.contains { $0.handlesMissingModalities } }

  /// Puts the backbone and all methods into training or evaluation form.
  public func train(_ value: Bool = true) {
    backbone.train(value)
    for method in attachments { method.train(value) }
  }

  /// Attaches a method's module, on the backbone's device and with its element type.
  func attach(_ attachment: any Attachment) {
    if let tensor = backbone.parameters().first?.storage.tensor {
      attachment.move(to: tensor.device, dtype: tensor.dtype)
    }
    attachment.train(backbone.isTraining)
    attachments.append(attachment)
  }

  /// Moves the backbone and all methods to a device, and to an element type where one is given.
  public func move(to device: Device, dtype: DType? = nil) {
    backbone.move(to: device, dtype: dtype)
    for method in attachments { method.move(to: device, dtype: dtype) }
  }

  /// Every parameter that gets gradients: the backbone's under their own keys, a method's under `attachment.N.`.
  public func trainableParameters() -> [(key: String, storage: StoredTensor)] {
    backbone.trainableParameters()
      + attachments.enumerated().flatMap { index, method in
        method.trainableParameters().map { ("attachment.\(index).\($0.key)", $0.storage) }
      }
  }

  /// The number of elements of all parameters, and of those that get gradients.
  public var parameterCount: (total: Int, trainable: Int) {
    attachments.map(\.parameterCount).reduce(backbone.parameterCount) {
      ($0.total + $1.total, $0.trainable + $1.trainable)
    }
  }

  /// The architecture's own methods, then those attached.
  private var methods: [any Attachment] { backbone.ownMethods + attachments }

  private func layerHook(_ seen: (any Attachment) -> Inputs) -> LayerHook? {
    let hooks = methods.compactMap { method in method.layerHook.map { (act: $0, inputs: seen(method)) } }
    guard !hooks.isEmpty else { return nil }
    return { layer, tokens in hooks.reduce(tokens) { $1.act(layer, $0, $1.inputs) } }
  }
}
