import Torch

/// Prefix tuning: trained keys and values before those of every attention (Li & Liang 2021, §4.2), and the head.
///
/// softmax([P_k ; K] …)[P_v ; V] with P_k, P_v `[P, width]` per layer. Every query of every sample attends to them,
/// causal or not. With `hidden` > 0 they are W₂ tanh(W₁ E) of an embedding E `[P, width]` (the paper's
/// reparametrization), otherwise parameters themselves. The output at the start differs from the base's, because the
/// new keys take a share of the softmax.
///
/// Settings: `length` (P, 8), `hidden` (0), `train_head` (true).
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "{length: 4, hidden: 16}", file: "recipe")
/// let (prefix, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try PrefixTuning(reader) }
/// let installation = try Installation(prefix, on: model)
/// ```
public final class PrefixTuning: Module, Attachment, TuningMethod {
  /// The prefixes by layer key.
  @Child("layers") public var layers: NamedModules
  private let length: Int
  private let hidden: Int
  private let tuning: LayerTuning

  /// Reads the settings.
  /// - Throws: `Fault(.usage)` for a number out of range.
  public init(_ settings: SettingsReader) throws(Fault) {
    length = try settings.int("length", default: 8, in: 1...1024)
    hidden = try settings.int("hidden", default: 0, in: 0...65536)
    tuning = LayerTuning(method: "prefix", trainsHead: try settings.trainsHead())
    super.init()
    layers = NamedModules()
  }

  /// The method has no stages, because the prefixes act inside the layers.
  public var stages: Stages { [] }

  /// Adds a prefix to every encoder layer.
  /// - Throws: `Fault(.usage)` for a model without encoder layers.
  public func install(on model: MultimodalModel) throws(Fault) {
    layers = try tuning.install(on: model) { (width) throws(Fault) -> any LayerAdapterModule in
      if hidden == 0 { return DirectPrefix(width, length) }
      return EmbeddedPrefix(width, length, hidden: hidden)
    }
    model.attach(self)
  }
}

/// A prefix whose keys and values are parameters.
final class DirectPrefix: Module, EncoderLayerAdapter {
  /// The keys, `[P, width]`.
  @Parameter var keys: Tensor
  /// The values, `[P, width]`.
  @Parameter var values: Tensor

  init(_ width: Int, _ length: Int) {
    super.init()
    keys = Tensor.normal([length, width]) * PrefixTuning.deviation
    values = Tensor.normal([length, width]) * PrefixTuning.deviation
  }

  func prefix(batch: Int) -> (keys: Tensor, values: Tensor)? {
    (keys.unsqueezed(0).expanded(batch, -1, -1), values.unsqueezed(0).expanded(batch, -1, -1))
  }
}

/// A prefix whose keys and values are the output of a small network on an embedding.
final class EmbeddedPrefix: Module, EncoderLayerAdapter {
  /// The embedding E, `[P, width]`.
  @Parameter var embedding: Tensor
  @Child var down: Linear
  @Child var up: Linear

  init(_ width: Int, _ length: Int, hidden: Int) {
    super.init()
    embedding = Tensor.normal([length, width])
    down = Linear(width, hidden)
    up = Linear(hidden, 2 * width)
  }

  func prefix(batch: Int) -> (keys: Tensor, values: Tensor)? {
    let both = up(down(embedding).tanh()).unsqueezed(0).expanded(batch, -1, -1)
    let width = embedding.size(1)
    return (both.slice(2, 0, width), both.slice(2, width))
  }
}

extension PrefixTuning {
  /// The deviation of a prefix at the start. It is small, so a prefix is then a neutral key with a value near zero.
  static var deviation: Double { 0.02 }
}
