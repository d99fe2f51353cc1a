import Polyphony
import Torch

// The listings in the comments of models, backbones and attachments.

/// A backbone with the fewest parts.
final class MeanFusion: Module, Backbone {
  var configuration: ModelConfiguration
  @Child("proj") var projections: [Conv1d]
  @Child("out_layer") var outputLayer: Linear

  init(_ configuration: ModelConfiguration) {
    self.configuration = configuration
    super.init()
    projections = configuration.projections()
    outputLayer = Linear(configuration.width, configuration.task.outputs)
  }

  func embed(_ inputs: Inputs) -> [Tokens] { project(inputs, with: projections) }
  func encode(_ embedded: [Tokens], afterLayer: LayerHook?) -> [Tokens] { embedded }
  func fuse(_ encoded: [Tokens]) -> [Tokens] { [Tokens.joined(encoded)] }
  func represent(_ fused: [Tokens]) -> Tensor { fused[0].pooled }
  func headFeatures(_ representation: Tensor) -> Tensor { representation }

  static let headPrefixes = ["out_layer"]
  func encoderPrefixes(_ index: Int) -> [String] { ["proj.\(index)."] }
}

/// A backbone with one encoder over all modalities, which takes prompts behind that encoder's input.
final class JoinedFusion: Module, Backbone {
  var configuration: ModelConfiguration
  @Child("proj") var projections: [Conv1d]
  @Child var fusion: TransformerEncoder
  @Child("out_layer") var outputLayer: Linear

  init(_ configuration: ModelConfiguration) {
    self.configuration = configuration
    super.init()
    projections = configuration.projections()
    fusion = configuration.encoder()
    outputLayer = Linear(configuration.width, configuration.task.outputs)
  }

  func embed(_ inputs: Inputs) -> [Tokens] { project(inputs, with: projections) }
  func encode(_ embedded: [Tokens], afterLayer: LayerHook?) -> [Tokens] { embedded }
  func fuse(_ encoded: [Tokens]) -> [Tokens] { joined(encoded, by: fusion) }
  func fuse(_ encoded: [Tokens], afterLayer: LayerHook?) -> [Tokens] {
    joined(encoded, by: fusion, afterLayer: afterLayer)
  }
  func represent(_ fused: [Tokens]) -> Tensor { fused[0].pooled }
  func headFeatures(_ representation: Tensor) -> Tensor { representation }

  static let headPrefixes = ["out_layer"]
  func encoderPrefixes(_ index: Int) -> [String] { ["proj.\(index)."] }
  var promptSite: PromptSite? { PromptSite(.encoded, width: configuration.width) }
}

/// A method that adds a trained vector to the representation.
final class Bias: Module, Attachment {
  @Parameter var value: Tensor

  init(width: Int) {
    super.init()
    value = .zeros([width])
  }

  var stages: Stages { [] }

  func represented(_ representation: Tensor, _ context: ForwardContext) -> Tensor { representation + value }
}

/// A method that reads what an earlier stage gave.
final class EncodedMean: Module, Attachment {
  func represented(_ representation: Tensor, _ context: ForwardContext) -> Tensor {
    representation + Tokens.joined(context.encoded).pooled
  }
}

/// Calls that comments show.
public enum ModelListings {
  /// Predicts with a model from a folder.
  public static func predict(_ inputs: Inputs) throws(Fault) -> Tensor {
    let model = try ModelFolder.read("runs/base/model")
    model.train(false)
    let prediction = noGrad { model(inputs).prediction }
    return prediction
  }

  /// A new model of a configuration.
  public static func make() throws(Fault) -> MultimodalModel {
    let configuration = ModelConfiguration(
      architecture: "late_fusion",
      modalities: [.sequence("motion", features: 3, length: 12), .vector("force", features: 2)],
      task: PredictionTask(kind: .classification, classes: 3), width: 16, heads: 2, layers: 2)
    let model = try MultimodalModel(configuration)
    return model
  }

  /// ``SlidingWindows``
  public static func windows() {
    let windows = SlidingWindows(image: [240, 240], window: [128, 128])
    print(windows.patches.count)  // 9
  }

  /// One vector for each sequence.
  public static func pool(_ values: Tensor, _ inputs: Inputs) -> Tensor {
    let text = Tokens(values, mask: inputs.mask(0))  // [B, L, width]
    let vector = text.pooled  // [B, width], without padding
    return vector
  }

  /// Trains with predictions at the coarser resolutions.
  public static func supervise(
    _ model: MultimodalModel, _ train: (MultimodalModel) throws(Fault) -> Void
  ) throws(Fault) {
    let heads = try DeepSupervision(of: model)
    model.attach(heads)
    try train(model)
    model.attachments.removeAll { $0 === heads }
  }

  /// Settings of prompts.
  public static func prompts() -> PromptSettings {
    var settings = PromptSettings()
    (settings.form, settings.length) = (.shared, 8)
    return settings
  }

  /// The cost of Wander for MOSI's unaligned sequences.
  public static func multiplyAdds() -> Int {
    let cost = ContractionCost(bottleneck: 16, width: 40, featureRank: 8, tokenRank: 12, steps: 1)
    let multiplyAdds = cost.total([50, 375, 500])
    return multiplyAdds
  }
}
