import Torch

/// A backbone with the methods attached to it: the model that is trained, adapted and asked for predictions.
///
/// ```swift
/// let model = try ModelFolder.read("runs/base/model")
/// model.train(false)
/// let prediction = noGrad { model(inputs).prediction }
/// ```
public final class MultimodalModel {
  /// The backbone.
  public let backbone: any Backbone
  /// Methods in the order in which they act.
  public var attachments: [any Attachment] = []
  /// The standardisation of the inputs, before all methods.
  private var normalization: InputNormalization

  /// The moments of the training split, which test-time adaptation reads; nil for a model without them.
  public var sourceMoments: SourceMoments?

  /// The folder that the model was read from, for messages. Nil for a new model.
  package var folder: String?

  /// The result of a forward pass.
  public struct Output {
    /// The encoded modalities, `[B, L_m, width]` each; empty unless they were asked for.
    public var encoded: [Tokens]
    /// r, `[B, representationWidth]`.
    public var representation: Tensor
    /// The input of the last linear layer, `[B, headWidth]`.
    public var features: Tensor
    /// ŷ, `[B, outputs]`: values, or logits.
    public var prediction: Tensor
    /// Predictions at coarser resolutions, `[B, outputs, …]` each, in training with ``DeepSupervision`` alone.
    public var auxiliary: [Tensor] = []

    /// r as one vector per sample, `[B, width']`: a map is averaged over its places.
    public var pooled: Tensor { representation.meanOverPlaces }
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
  /// Images of another size than the model's pass through it window by window (``SlidingWindows``). Their output has no
  /// encodings.
  ///
  /// - Parameters:
  ///   - inputs: the samples.
  ///   - encodings: whether the output shall hold the encoded modalities. Without them the model joins the stages
  ///     between which no method acts, and computes only what is read.
  ///   - fusionInput: changes the encoded modalities on their way to the fusion. The output holds them as they were
  ///     before.
  public func callAsFunction(
    _ inputs: Inputs, encodings: Bool = false, fusionInput: (([Tokens]) -> [Tokens])? = nil
  ) -> Output {
    output(of: inputs, encodings: encodings, fusionInput: fusionInput)
  }

  /// The standardisations that a caller may do itself, for the modalities in their order. They are nil for a modality
  /// without one, for images, and for raw inputs of an encoder inside.
  package var standardizations: [FeatureStandardization?] {
    configuration.modalities.map { modality in
      guard !modality.isMapped, configuration.encoders?[modality.name] == nil else { return nil }
      return configuration.normalization?[modality.name].map { FeatureStandardization($0) }
    }
  }

  /// Passes inputs through all stages.
  /// - Parameter isStandardized: true for each modality whose features ``standardizations`` have standardised already. Nil
  ///   stands for none.
  package func output(
    of inputs: Inputs, isStandardized: [Bool]? = nil, encodings: Bool = false,
    fusionInput: (([Tokens]) -> [Tokens])? = nil
  ) -> Output {
    if let windows = SlidingWindows(of: configuration, over: inputs) {
      return windows.output(of: inputs) { output(of: $0, isStandardized: isStandardized) }
    }
    let methods = methods
    let stages = methods.reduce(into: Stages()) { $0.formUnion($1.stages) }
    var inputs = prepared(inputs, isStandardized: isStandardized)
    for method in methods { inputs = method.prepare(inputs) }
    var context = ForwardContext(inputs)
    var tokens = backbone.embed(inputs)
    for method in methods { tokens = method.embedded(tokens, context) }
    // From here on what was made up counts as present, except for methods that handle missing modalities.
    context.isCompleted = methods.contains(where: \.makesUpMissingModalities)
    var representation: Tensor
    if !encodings, fusionInput == nil, stages.isEmpty {
      representation = backbone.represent(embedded: tokens)
    } else {
      tokens = backbone.encode(tokens, afterLayer: encoderHook(context))
      for method in methods { tokens = method.encoded(tokens, context.seen(by: method)) }
      context.encoded = tokens
      if let fusionInput { tokens = fusionInput(tokens) }
      if stages.isDisjoint(with: [.fusionLayers, .fused]) {
        representation = backbone.represent(encoded: tokens)
      } else {
        var fused = backbone.fuse(tokens, afterLayer: fusionHook(context))
        for method in methods { fused = method.fused(fused, context.seen(by: method)) }
        context.fused = fused
        representation = backbone.represent(fused)
      }
    }
    for method in methods { representation = method.represented(representation, context.seen(by: method)) }
    let features = backbone.headFeatures(representation)
    return Output(
      encoded: encodings ? context.encoded : [], representation: representation, features: features,
      prediction: backbone.prediction(features),
      auxiliary: backbone.isTraining ? methods.flatMap { $0.auxiliaryPredictions(context.seen(by: $0)) } : [])
  }

  /// The inputs as methods and backbone read them: states of encoders in place of raw inputs, standardised, with zeros where
  /// a modality is missing.
  func prepared(_ inputs: Inputs, isStandardized: [Bool]? = nil) -> Inputs {
    normalization(backbone.encoded(inputs), isStandardized: isStandardized)
  }

  /// Makes all other modalities absent to this model from now on; its configuration keeps the names, on disk too.
  /// - Throws: `Fault(.usage)` for names that the model does not have.
  public func restrict(to names: [String]) throws(Fault) {
    var configuration = configuration
    configuration.only = names
    try configuration.validate()
    backbone.configuration = configuration
    normalization = InputNormalization(configuration)
  }

  /// The device of the model's parameters.
  public var device: Device { backbone.parameters().first?.storage.tensor?.device ?? .cpu }

  /// True if one of the methods handles samples that lack some of their modalities.
  public var handlesMissingModalities: Bool { methods.contains { $0.handlesMissingModalities } }

  /// Puts the backbone and all methods into training or evaluation form.
  public func train(_ value: Bool = true) {
    backbone.train(value)
    for method in attachments { method.train(value) }
  }

  /// Runs `body` in evaluation form and restores the previous form.
  public func evaluating<Result>(_ body: () -> Result) -> Result {
    let before = backbone.isTraining
    train(false)
    defer { train(before) }
    return body()
  }

  /// Attaches a method's module, on the backbone's device and with its element type.
  public func attach(_ attachment: any Attachment) {
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

  /// The architecture's own methods, then those attached.
  private var methods: [any Attachment] { backbone.ownMethods + attachments }

  /// A hook through which methods act after each layer of the modalities' own encoders; nil where none does.
  private func encoderHook(_ context: ForwardContext) -> LayerHook? {
    let acting = acting(at: .encoderLayers, context)
    guard !acting.isEmpty else { return nil }
    return { layer, tokens in acting.reduce(tokens) { $1.method.encoderLayer(layer, $0, $1.context) } }
  }

  /// A hook through which methods act after each layer of the fusion encoder; nil where none does.
  private func fusionHook(_ context: ForwardContext) -> LayerHook? {
    let acting = acting(at: .fusionLayers, context)
    guard !acting.isEmpty else { return nil }
    return { layer, tokens in acting.reduce(tokens) { $1.method.fusionLayer(layer, $0, $1.context) } }
  }

  private func acting(
    at stages: Stages, _ context: ForwardContext
  ) -> [(method: any Attachment, context: ForwardContext)] {
    methods.filter { $0.stages.contains(stages) }.map { ($0, context.seen(by: $0)) }
  }
}
