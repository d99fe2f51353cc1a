import Torch

/// (IA)³: trained scales of keys, values and the feed-forward part's hidden units (Liu et al. 2022, §3.3), and the
/// head.
///
/// k ← l_k ⊙ k, v ← l_v ⊙ v, W₂(l_ff ⊙ relu(W₁ x)). All scales start at 1, so the output at the start is the base's.
/// The scales act on the weights: on rows of the joined projection and of its bias, and on columns of W₂. So the tuned
/// model can be merged. Settings: `train_head` (true).
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "train_head: false", file: "recipe")
/// let (ia3, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try IA3(reader) }
/// let installation = try Installation(ia3, on: model)
/// ```
public final class IA3: Module, Attachment, MergeableTuning {
  /// The scales by layer key.
  @Child("scales") public var scales: NamedModules
  private let trainsHead: Bool

  /// Reads the settings.
  /// - Throws: `Fault(.usage)` for a value of another type.
  public init(_ settings: SettingsReader) throws(Fault) {
    trainsHead = try settings.trainsHead()
    super.init()
    scales = NamedModules()
  }

  /// The method has no stages, because the scales act inside the layers.
  public var stages: Stages { [] }

  /// Adds scales to every transformer layer.
  /// - Throws: `Fault(.usage)` for a model without transformer layers.
  public func install(on model: MultimodalModel) throws(Fault) {
    let layers = try model.layers(for: "ia3")
    model.freeze(trainingHead: trainsHead)
    for (key, layer) in layers {
      let scale = LayerScales(width: layer.attention.inWeight.size(1), hidden: layer.fc2.weight.size(1))
      scales[key] = scale
      layer.attention.$inWeight.reparametrize { $0 * scale.rows.unsqueezed(1) }
      layer.attention.$inBias.reparametrize { $0 * scale.rows }
      layer.fc2.$weight.reparametrize { $0 * scale.feedForward }
    }
    model.attach(self)
  }
}

/// The scales of one layer.
final class LayerScales: Module {
  /// l_k, `[width]`.
  @Parameter("k") var keys: Tensor
  /// l_v, `[width]`.
  @Parameter("v") var values: Tensor
  /// l_ff, `[4·width]`.
  @Parameter("ff") var feedForward: Tensor

  init(width: Int, hidden: Int) {
    super.init()
    keys = .ones([width])
    values = .ones([width])
    feedForward = .ones([hidden])
  }

  /// The scales of the joined projection's rows, `[3·width]`; 1 for those of queries.
  var rows: Tensor { .concatenated([keys.onesLike(), keys, values]) }
}
