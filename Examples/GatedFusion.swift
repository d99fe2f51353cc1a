import Polyphony
import Torch

/// A backbone of one's own: an encoder per modality, and a gate that weighs the modalities.
///
/// h_m is the mean over the encoded steps, a_m = v·tanh(W h_m), g = softmax over the modalities, and the representation
/// r = Σ_m g_m h_m `[B, width]` goes into a linear head. The gates are those of attention-based pooling (Ilse et al.,
/// ICML 2018, equation 8).
///
/// Every balancing, tuning, missing-modality and adaptation method works on it as on the built-in ones: they act between
/// the stages, and find its parts by the keys that it names.
public final class GatedFusion: Module, Backbone {
  /// Everything that determines the shapes.
  public var configuration: ModelConfiguration
  /// Projections to the width, one per modality.
  @Child("proj") var projections: [Linear]
  /// Encoders, one per modality.
  @Child var encoders: [TransformerEncoder]
  @Child("gate_hidden") var gateHidden: Linear
  @Child("gate_score") var gateScore: Linear
  /// The last layer.
  @Child("out_layer") public var outputLayer: Linear

  /// Makes `gated_fusion` known to recipes, commands and model folders.
  public static func register() { Architectures.register("gated_fusion") { GatedFusion($0) } }

  /// A model with random starting values.
  public init(_ configuration: ModelConfiguration) {
    self.configuration = configuration
    super.init()
    let width = configuration.width
    projections = configuration.modalities.map { Linear($0.features ?? 0, width) }
    encoders = configuration.modalities.map { _ in configuration.encoder() }
    gateHidden = Linear(width, width)
    gateScore = Linear(width, 1)
    outputLayer = Linear(width, configuration.task.outputs)
  }

  /// A vector is a sequence of one step.
  public func embed(_ inputs: Inputs) -> [Tokens] {
    inputs.modalities.indices.map { index in
      let x = inputs.modalities[index]
      let steps = configuration.modalities[index].kind == .vector ? x.unsqueezed(1) : x
      return Tokens(projections[index](steps), mask: inputs.mask(index))
    }
  }

  /// One encoder per modality, layer by layer where a method acts in between.
  public func encode(_ embedded: [Tokens], afterLayer: LayerHook?) -> [Tokens] {
    encode(embedded, with: encoders, afterLayer: afterLayer)
  }

  /// The encoded modalities themselves, which the gate reads.
  public func fuse(_ encoded: [Tokens]) -> [Tokens] { encoded }

  /// The gated mean.
  public func represent(_ fused: [Tokens]) -> Tensor {
    let pooled = Tensor.stacked(fused.map(\.pooled), 1)  // [B, M, width]
    let gates = gateScore(gateHidden(pooled).tanh()).softmax(1)  // [B, M, 1]
    return (pooled * gates).sum(1)
  }

  /// The representation itself, which the last layer reads.
  public func headFeatures(_ representation: Tensor) -> Tensor { representation }

  /// The layers after the representation.
  public static let headPrefixes = ["out_layer"]

  /// Projection and encoder.
  public func encoderPrefixes(_ index: Int) -> [String] { ["proj.\(index).", "encoders.\(index)."] }
}
