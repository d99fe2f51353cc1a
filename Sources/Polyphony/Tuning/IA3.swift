import Torch

/// (IA)³: trained scales of keys, values and the feed-forward part's hidden units (Liu et al. 2022, §3.3), and the
/// head.
///
/// k ← l_k ⊙ k, v ← l_v ⊙ v, W₂(l_ff ⊙ relu(W₁ x)). All scales start at 1, so the output at the start is the base's.
/// The scales act on the weights: on rows of both projections and of their biases, and on columns of W₂. So the tuned
/// model can be merged. Settings: `train_head` (true).
///
/// The adapter's folder is one of PEFT, and an adapter of PEFT can be read.
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "train_head: false", file: "recipe")
/// let (ia3, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try IA3(reader) }
/// let installation = try Installation(ia3, on: model)
/// ```
public final class IA3: Module, Attachment, MergeableTuning {
  /// The scales by layer key.
  @Child("modules") public var scales: NamedModules
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
      let scale = LayerScales(width: layer.width, hidden: layer.sizes(of: .fc2).inputs)
      scales[key] = scale
      layer.reparametrize(
        weights: [.k: { $0 * scale.keys }, .v: { $0 * scale.values }, .fc2: { $0 * scale.feedForward }],
        biases: [.k: { $0 * scale.keys.squeezed(1) }, .v: { $0 * scale.values.squeezed(1) }])
    }
    model.attach(self)
  }
}

extension IA3: PEFTMethod {
  static func settings(fromPEFT reader: SettingsReader) throws(Fault) -> OrderedJSON {
    try reader.refuseOtherFormsOfPEFT(than: ["feedforward_modules", "init_ia3_weights"])
    let targets: [(key: String, all: [LoRA.Target])] = [
      ("target_modules", [.k, .v, .fc2]), ("feedforward_modules", [.fc2]),
    ]
    for (key, all) in targets where try reader.peftTargets(key, among: all) != all {
      throw reader.fault(
        "Polyphony has no such adapter of PEFT", key: key, expected: all.map(\.lastName).joined(separator: ", "))
    }
    return ["train_head": .bool(try reader.peftTrainsHead())]
  }

  var peftKeys: [OrderedJSON.Member] {
    [.init("target_modules", ["k_proj", "v_proj", "fc2"]), .init("feedforward_modules", ["fc2"])]
  }
}

/// The scales of one layer, in the shapes of PEFT.
final class LayerScales: Module {
  /// l_k, `[width, 1]`.
  @Parameter("self_attn.k_proj.ia3_l") var keys: Tensor
  /// l_v, `[width, 1]`.
  @Parameter("self_attn.v_proj.ia3_l") var values: Tensor
  /// l_ff, `[1, 4·width]`.
  @Parameter("fc2.ia3_l") var feedForward: Tensor

  init(width: Int, hidden: Int) {
    super.init()
    keys = .ones([width, 1])
    values = .ones([width, 1])
    feedForward = .ones([1, hidden])
  }
}
