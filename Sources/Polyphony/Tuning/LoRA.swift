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
/// The adapter's folder is one of PEFT, and an adapter of PEFT can be read.
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

    /// The module in a layer of the model in Python.
    var module: String {
      switch self {
      case .q, .k, .v, .out: "self_attn.\(lastName)"
      case .fc1, .fc2: rawValue
      }
    }

    /// The last part of the module's name.
    var lastName: String {
      switch self {
      case .q, .k, .v, .out: "\(rawValue)_proj"
      case .fc1, .fc2: rawValue
      }
    }
  }

  /// The updates by the layer's key and the module in it, such as `encoders.0.layers.0.self_attn.q_proj`.
  @Child("modules") public var updates: NamedModules
  private static let ranks = 1...4096
  private let rank: Int
  private let alpha: Double
  private let isStabilized: Bool
  private let targets: [Target]
  private let trainsHead: Bool

  /// Reads the settings.
  /// - Throws: `Fault(.usage)` for an unknown value or a number out of range.
  public init(_ settings: SettingsReader) throws(Fault) {
    rank = try settings.int("rank", default: 8, in: Self.ranks)
    alpha = try settings.double("alpha", default: 16, in: Above(0))
    isStabilized = try settings.bool("rank_stabilized", default: false)
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
      let rows = [Target.q, .k, .v].map { targets.contains($0) ? update(key, $0, width, width) : nil }
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
        let update = update(key, target, linear.weight.size(1), linear.weight.size(0))
        linear.$weight.reparametrize { $0 + update.delta }
      }
    }
    model.attach(self)
  }

  private func update(_ layer: String, _ target: Target, _ inputs: Int, _ outputs: Int) -> LowRankUpdate {
    let scale = alpha / (isStabilized ? Double(rank).squareRoot() : Double(rank))
    let update = LowRankUpdate(inputs, outputs, rank: rank, scale: scale)
    updates["\(layer).\(target.module)"] = update
    return update
  }
}

extension LoRA: PEFTMethod {
  static func settings(fromPEFT reader: SettingsReader) throws(Fault) -> OrderedJSON {
    try reader.refuseOtherFormsOfPEFT(than: ["use_rslora", "init_lora_weights"])
    let rank = try reader.peft("r", .int(in: ranks))
    let alpha = try reader.peft("lora_alpha", .double(in: Above(0)))
    _ = try reader.choice("bias", of: ["none"], default: "none")
    // Other starting values change the base too.
    _ = try reader.choice(
      "init_lora_weights", of: ["true", "false", "gaussian", "eva", "orthogonal"], default: "true")
    return [
      "rank": .integer(rank), "alpha": .number(alpha),
      "rank_stabilized": .bool(try reader.bool("use_rslora", default: false)),
      "targets": .array(
        try reader.peftTargets("target_modules", among: Target.allCases).map { .string($0.rawValue) }),
      "train_head": .bool(try reader.peftTrainsHead()),
    ]
  }

  var peftKeys: [OrderedJSON.Member] {
    [
      .init("r", .integer(rank)), .init("lora_alpha", .number(alpha)), .init("lora_dropout", 0.0),
      .init("use_rslora", .bool(isStabilized)), .init("bias", "none"),
      .init("target_modules", .array(targets.map { .string($0.lastName) })),
    ]
  }
}

/// (α/r)·B·A for one matrix.
final class LowRankUpdate: Module {
  /// A, `[r, inputs]`.
  @Parameter("lora_A.weight") var down: Tensor
  /// B, `[outputs, r]`.
  @Parameter("lora_B.weight") var up: Tensor
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
