import Torch

/// LoRA: frozen weights with a trained update of low rank (Hu et al. 2022, eq. 3), W x + (α/r)·B A x, and the head.
///
/// A `[r, in]` starts as Kaiming uniform values, B `[out, r]` at zero: the output at the start is the base's. The
/// update is seen through the weights themselves (`StoredTensor.reparametrization`), hence without dropout on x, and
/// can be merged. `rank_stabilized` scales by α/√r (Kalajdzievski 2023).
/// Settings: `rank` (8), `alpha` (16), `targets` (`[q, v]`; also `k`, `out`, `fc1`, `fc2`), `rank_stabilized` (false),
/// `train_head` (true).
public final class LoRA: Module, Attachment, MergeableTuning {
  /// A matrix of a transformer layer: rows of the joined projection, or a layer of its own.
  public enum Target: String, Sendable, CaseIterable {
    /// The projection of queries.
    case q
    /// The projection of keys.
    case k
    /// The projection of values.
    case v
    /// The projection behind the heads.
    case out
    /// The first layer of the feed-forward part.
    case fc1
    /// The second layer of the feed-forward part.
    case fc2
  }

  /// Updates by `layer key.target`.
  @Child("updates") public var updates: NamedModules
  private let rank: Int
  private let scale: Double
  private let targets: [Target]
  private let trainsHead: Bool

  /// Reads the settings.
  public init(_ settings: SettingsReader) throws(Fault) {
    rank = try settings.int("rank", default: 8, in: 1...)
    let alpha = try settings.double("alpha", default: 16, in: Above(0))
    let stabilized = try settings.bool("rank_stabilized", default: false)
    scale = alpha / (stabilized ? Double(rank).squareRoot() : Double(rank))
    targets = try settings.list("targets", of: .choice(of: Target.self), default: [.q, .v], count: 1...)
    trainsHead = try settings.trainsHead()
    super.init()
    updates = NamedModules()
  }

  /// None: it acts inside the layers.
  public var stages: Stages { [] }

  /// Gives every target of every transformer layer an update.
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
