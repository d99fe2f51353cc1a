import Torch

/// The projected modalities one after another in time, one encoder over all; residual block and head.
///
/// r = first step of the encoded whole `[B, width]`; ŷ = out(W₂ relu(W₁ r) + r).
public final class EarlyFusion: Module, Backbone {
  /// Everything that determines the shapes.
  public var configuration: ModelConfiguration
  /// Projections to the width, one per modality.
  @Child("proj") public var projections: [Conv1d]
  /// The encoder over all modalities.
  @Child public var fusion: TransformerEncoder
  @Child("out_layer_proj1") var first: Linear
  @Child("out_layer_proj2") var second: Linear
  /// The last layer.
  @Child("out_layer") public var outputLayer: Linear

  /// A model with random starting values.
  public init(_ configuration: ModelConfiguration) {
    self.configuration = configuration
    super.init()
    projections = configuration.projections()
    fusion = configuration.encoder()
    first = Linear(configuration.width, configuration.width)
    second = Linear(configuration.width, configuration.width)
    outputLayer = Linear(configuration.width, configuration.task.outputs)
  }

  /// Projections.
  public func embed(_ inputs: Inputs) -> [Tokens] { project(inputs, with: projections) }

  /// The embedded sequences themselves: there are no separate encoders.
  public func encode(_ embedded: [Tokens], afterLayer: LayerHook?) -> [Tokens] { embedded }

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
  public static let headPrefixes = ["out_layer_proj1", "out_layer_proj2", "out_layer"]

  /// The projection: no other part belongs to one modality alone.
  public func encoderPrefixes(_ index: Int) -> [String] { ["proj.\(index)."] }

  /// Behind each modality's part of the encoder's input.
  public var promptSite: PromptSite? { PromptSite(.encoded, width: configuration.width) }
}
