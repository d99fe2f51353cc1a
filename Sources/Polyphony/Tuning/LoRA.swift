import Torch

/// LoRA: frozen weights with a trained update of low rank, W x + (α/r)·B A x (Hu et al. 2022, eq. 3), and the head.
///
/// A `[r, in]` starts with Kaiming uniform values and B `[out, r]` at zero, so the output at the start is the base's.
/// The update changes the weights themselves (`StoredTensor.reparametrization`). So there is no dropout on x, and the
/// tuned model can be merged. `rank_stabilized` scales by α/√r (Kalajdzievski 2023).
///
/// Settings: `rank` (8), `alpha` (16), `targets` (`[q, v]`; also `k`, `out`, `fc1`, `fc2`), `rank_stabilized` (false),
/// `train_head` (true).
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "{rank: 4, targets: [q, v, fc1]}", file: "recipe")
/// let (lora, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try LoRA(reader) }
/// let installation = try Installation(lora, on: model)
/// print(model.parameterCount.trainable)
/// installation.isEnabled = false  // The model computes the base's bits again.
/// ```
public final class LoRA: Module, Attachment, MergeableTuning {
  /// A matrix of a transformer layer, either rows of the joined projection or a separate layer.
  public enum Target: String, Sendable, CaseIterable {
    /// The projection of queries.
    case q
    /// The projection of keys.
    case k
    /// The projection of values.
    case v
    /// The projection after the heads.
    case out
    /// The first layer of the feed-forward part.
    case fc1
    /// The second layer of the feed-forward part.
    case fc2
  }

  /// The updates by `layer key.target`.
  @Child("updates") public var updates: NamedModules
  private let rank: Int
  private let scale: Double
  private let targets: [Target]
  private let trainsHead: Bool

  /// Reads the settings.
  /// - Throws: `Fault(.usage)` for an unknown value or a number out of range.
  public init(_ settings: SettingsReader) throws(Fault) {
    rank = try settings.int("rank", default: 8, in: 1...65536)
    let alpha = try settings.double("alpha", default: 16, in: Above(0))
    let stabilized = try settings.bool("rank_stabilized", default: false)
    scale = alpha / (stabilized ? Double(rank).squareRoot() : Double(rank))
    targets = try settings.list("targets", of: .choice(of: Target.self), default: [.q, .v], count: 1...)
    trainsHead = try settings.trainsHead()
    super.init()
    updates = NamedModules()
  }

  /// The method has no stages, because the updates act inside the layers.
  public var stages: Stages { [] }

  /// Adds an update to every target of every transformer layer.
  /// - Throws: `Fault(.usage)` for a model without transformer layers.
  public func install(on model: MultimodalModel) throws(Fault) {
    let layers = try model.layers(for: "lora")
    model.freeze(trainingHead: trainsHead)
    for (key, layer) in layers {
      let width = layer.attention.inWeight.size(1)
      let rows = [Target.q, .k, .v].map { targets.contains($0) ? update("\(key).\($0)", width, width) : nil }
      if rows.contains(where: { $0 != nil }) {
        layer.attention.$inWeight.reparametrize { weight in
          let zero = weight.zerosLike().slice(0, 0, width)
          return weight + .concatenated(rows.map { $0?.delta ?? zero })
        }
      }
      let others: [(target: Target, linear: Linear)] = [
        (.out, layer.attention.outProjection), (.fc1, layer.fc1), (.fc2, layer.fc2),
      ]
      for (target, linear) in others where targets.contains(target) {
        let update = update("\(key).\(target)", linear.weight.size(1), linear.weight.size(0))
        linear.$weight.reparametrize { $0 + update.delta }
      }
    }
    model.attach(self)
  }

  private func update(_ key: String, _ inputs: Int, _ outputs: Int) -> LowRankUpdate {
    let update = LowRankUpdate(inputs, outputs, rank: rank, scale: scale)
    updates[key] = update
    return update
  }
}

/// (α/r)·B·A for one matrix.
final class LowRankUpdate: Module {
  /// A, `[r, inputs]`.
  @Parameter("lora_A") var down: Tensor
  /// B, `[outputs, r]`.
  @Parameter("lora_B") var up: Tensor
  private let scale: Double

  init(_ inputs: Int, _ outputs: Int, rank: Int, scale: Double) {
    self.scale = scale
    super.init()
    down = Initialization.fanIn([rank, inputs])
    up = .zeros([outputs, rank])
  }

  /// The update, `[outputs, inputs]`.
  var delta: Tensor { up.matmul(down) * scale }
}
