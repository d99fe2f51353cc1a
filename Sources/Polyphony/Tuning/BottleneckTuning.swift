import Torch

/// Bottleneck adapters: small networks with a residual path in every encoder layer, and the head.
///
/// y ← y + W↑ GELU(W↓ y + b↓) + b↑ before y joins the residual stream. The adapters act after attention and
/// feed-forward part (`houlsby`; Houlsby et al. 2019, §2.1), or after the feed-forward part alone (`pfeiffer`; Pfeiffer
/// et al. 2021). W↑ and b↑ start at zero, so the output at the start is the base's.
///
/// In a backbone of images, an adapter acts on the map of every block of convolutions, at each place (Rebuffi et al. 2018).
/// W↓ and W↑ are then 1 × 1 convolutions. A block has one place for an adapter, so `houlsby` is refused there.
///
/// Settings: `bottleneck` (8), `variant` (`pfeiffer`), `train_head` (true).
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "{bottleneck: 4, variant: houlsby}", file: "recipe")
/// let (adapter, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try BottleneckTuning(reader) }
/// let installation = try Installation(adapter, on: model)
/// ```
public final class BottleneckTuning: Module, Attachment, TuningMethod {
  /// The places of the adapters in a layer.
  public enum Variant: String, Sendable, CaseIterable {
    /// After attention and after the feed-forward part.
    case houlsby
    /// After the feed-forward part alone.
    case pfeiffer
  }

  /// The adapters by layer key.
  @Child("layers") public var layers: NamedModules
  private let bottleneck: Int
  private let variant: Variant
  private let tuning: LayerTuning

  /// Reads the settings.
  /// - Throws: `Fault(.usage)` for an unknown value or a number out of range.
  public init(_ settings: SettingsReader) throws(Fault) {
    bottleneck = try settings.int("bottleneck", default: 8, in: 1...65536)
    variant = try settings.choice("variant", default: .pfeiffer)
    tuning = LayerTuning(method: "adapter", trainsHead: try settings.trainsHead())
    super.init()
    layers = NamedModules()
  }

  /// The method has no stages, because the adapters act inside the layers.
  public var stages: Stages { [] }

  /// Adds adapters to every encoder layer, or else to every block of convolutions.
  /// - Throws: `Fault(.usage)` for a model without both, and for `houlsby` on blocks of convolutions.
  public func install(on model: MultimodalModel) throws(Fault) {
    let blocks = model.backbone.encoderLayers().isEmpty ? model.backbone.convolutionBlocks() : []
    if blocks.isEmpty {
      layers = try tuning.install(on: model) { (width) throws(Fault) in
        LayerBottlenecks(attention: variant == .houlsby) { Bottleneck(width, bottleneck) }
      }
    } else {
      try adapt(blocks, architecture: model.configuration.architecture)
      model.freeze(trainingHead: tuning.trainsHead)
    }
    model.attach(self)
  }

  private func adapt(_ blocks: [(key: String, block: any AdaptableBlock)], architecture: String) throws(Fault) {
    guard variant == .pfeiffer else {
      throw Fault(
        .usage, "a block of convolutions has one place for an adapter", key: "tuning.variant",
        found: "\(variant.rawValue) for \(architecture)", expected: Variant.pfeiffer.rawValue)
    }
    for (key, block) in blocks {
      let adapter = Bottleneck(block.channels, bottleneck)
      layers[key] = adapter
      block.append { adapter(map: $0) }
    }
  }
}

/// The adapters of one encoder layer.
final class LayerBottlenecks: Module, EncoderLayerAdapter {
  @Child("parts") private var parts: NamedModules
  private let attention: (any ResidualAdapter)?
  private let feedForward: any ResidualAdapter

  init(attention: Bool, _ make: () -> any ResidualAdapter) {
    self.attention = attention ? make() : nil
    feedForward = make()
    super.init()
    parts = NamedModules()
    parts["attention"] = self.attention
    parts["feed_forward"] = feedForward
  }

  func adapt(attention output: Tensor) -> Tensor { attention?(output) ?? output }

  func adapt(feedForward output: Tensor) -> Tensor { feedForward(output) }
}

/// A module that adds something to its input.
protocol ResidualAdapter: Module {
  func callAsFunction(_ x: Tensor) -> Tensor
}

/// x + W↑ GELU(W↓ x + b↓) + b↑.
final class Bottleneck: Module, ResidualAdapter {
  @Child var down: Linear
  @Child var up: Linear

  init(_ width: Int, _ bottleneck: Int) {
    super.init()
    down = Linear(width, bottleneck)
    up = Linear(bottleneck, width)
    up.weight = .zeros([width, bottleneck])
    up.bias = .zeros([width])
  }

  func callAsFunction(_ x: Tensor) -> Tensor { x + up(down(x).gelu()) }

  /// The same at each place of a map, `[B, width, …]`.
  func callAsFunction(map: Tensor) -> Tensor { map + up.atEachPlace(down.atEachPlace(map).gelu()) }
}
