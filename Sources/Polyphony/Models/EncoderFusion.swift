import Torch

/// An encoder per modality, their sequences one after another in time, a fusion encoder; residual block and head.
///
/// The fusion encoder has `layers − 2` layers (at least one). r = its first step `[B, width]`; ŷ = out(W₂ relu(W₁ r) + r).
public final class EncoderFusion: Module, Backbone {
  /// Everything that determines the shapes.
  public var configuration: ModelConfiguration
  /// Projections to the width, one per modality.
  @Child("proj") public var projections: [Conv1d]
  /// Encoders, one per modality.
  @Child public var encoders: [TransformerEncoder]
  /// The encoder over all modalities.
  @Child public var fusion: TransformerEncoder
  @Child("proj1") var first: Linear
  @Child("proj2") var second: Linear
  /// The last layer.
  @Child("out_layer") public var outputLayer: Linear

  /// A model with random starting values.
  public init(_ configuration: ModelConfiguration) {
    self.configuration = configuration
    super.init()
    projections = configuration.projections()
    encoders = configuration.modalities.map { _ in configuration.encoder() }
    fusion = configuration.encoder(layers: max(1, configuration.layers - 2))
    first = Linear(configuration.width, configuration.width)
    second = Linear(configuration.width, configuration.width)
    outputLayer = Linear(configuration.width, configuration.task.outputs)
  }

  /// Projections.
  public func embed(_ inputs: Inputs) -> [Tokens] { project(inputs, with: projections) }

  /// One encoder per modality.
  public func encode(_ embedded: [Tokens], afterLayer: LayerHook?) -> [Tokens] {
    encode(embedded, with: encoders, afterLayer: afterLayer)
  }

  /// One encoder over the joined sequences.
  public func fuse(_ encoded: [Tokens]) -> [Tokens] { joined(encoded, by: fusion) }

  /// The same, layer by layer where a method acts in between.
  public func fuse(_ encoded: [Tokens], afterLayer: LayerHook?) -> [Tokens] {
    joined(encoded, by: fusion, afterLayer: afterLayer)
  }

  /// The first step.
  public func represent(_ fused: [Tokens]) -> Tensor { fused[0].first }

  /// A fusion encoder that computes no more of its last layer than the first step.
  public func represent(encoded: [Tokens]) -> Tensor { firstStep(ofJoined: encoded, by: fusion) }

  /// The residual block.
  public func headFeatures(_ representation: Tensor) -> Tensor { residualBlock(representation, first, second) }

  /// The layers after the representation.
  public static let headPrefixes = ["proj1", "proj2", "out_layer"]

  /// Projection and encoder.
  public func encoderPrefixes(_ index: Int) -> [String] { ["proj.\(index).", "encoders.\(index)."] }

  /// Behind each modality's part of the fusion encoder's input.
  public var promptSite: PromptSite? { PromptSite(.encoded, width: configuration.width) }
}
