import Torch

/// An encoder per modality; first steps side by side; residual block and head.
///
/// r = [h₁[0] ‖ … ‖ h_M[0]] `[B, M·width]`; ŷ = out(W₂ relu(W₁ r₀) + r₀) with r₀ = relu(W₀ r).
public final class LateFusion: Module, Backbone {
  /// Everything that determines the shapes.
  public var configuration: ModelConfiguration
  /// Projections to the width, one per modality.
  @Child("proj") public var projections: [Conv1d]
  /// Encoders, one per modality.
  @Child public var encoders: [TransformerEncoder]
  @Child("out_layer_proj0") var inner: Linear
  @Child("out_layer_proj1") var first: Linear
  @Child("out_layer_proj2") var second: Linear
  /// The last layer.
  @Child("out_layer") public var outputLayer: Linear

  /// A model with random starting values.
  public init(_ configuration: ModelConfiguration) {
    self.configuration = configuration
    super.init()
    let width = configuration.width
    projections = configuration.projections()
    encoders = configuration.modalities.map { _ in configuration.encoder() }
    inner = Linear(configuration.modalities.count * width, width)
    first = Linear(width, width)
    second = Linear(width, width)
    outputLayer = Linear(width, configuration.task.outputs)
  }

  /// Projections.
  public func embed(_ inputs: Inputs) -> [Tokens] { project(inputs, with: projections) }

  /// One encoder per modality.
  public func encode(_ embedded: [Tokens], afterLayer: LayerHook?) -> [Tokens] {
    encode(embedded, with: encoders, afterLayer: afterLayer)
  }

  /// The encoded sequences themselves: the modalities meet in the head.
  public func fuse(_ encoded: [Tokens]) -> [Tokens] { encoded }

  /// First steps side by side.
  public func represent(_ fused: [Tokens]) -> Tensor { .concatenated(fused.map(\.first), -1) }

  /// Encoders that compute no more of their last layer than the first step.
  public func represent(embedded: [Tokens]) -> Tensor {
    .concatenated(
      zip(embedded, encoders).map { $1($0.values, mask: $0.mask, readout: .first).squeezed(1) }, -1)
  }

  /// A projection to the width and the residual block.
  public func headFeatures(_ representation: Tensor) -> Tensor {
    residualBlock(inner(representation).relu(), first, second)
  }

  /// The layers after the representation.
  public static let headPrefixes = ["out_layer_proj0", "out_layer_proj1", "out_layer_proj2", "out_layer"]

  /// Projection and encoder.
  public func encoderPrefixes(_ index: Int) -> [String] { ["proj.\(index).", "encoders.\(index)."] }
}
