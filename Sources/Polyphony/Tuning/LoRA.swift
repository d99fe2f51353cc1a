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
/// In a backbone without transformer layers, every convolution with a kernel of 3 × 3 gets an update, whatever `targets`
/// says. A `[r, in, 3, 3]` is then a convolution before the 1 × 1 convolution B `[out, r, 1, 1]`, as in PEFT.
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
  /// The matrices that get an update.
  public typealias Target = LayerMatrix

  /// The updates by the layer's key and the module in it, such as `encoders.0.layers.0.self_attn.q_proj`.
  @Child("modules") public var updates: NamedModules
  private static let ranks = 1...4096
  private let rank: Int
  private let alpha: Double
  private let isStabilized: Bool
  /// The keys of the convolutions with an update.
  private var convolutions: [String] = []
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

  /// Adds an update to every target of every transformer layer, or else to every 3 × 3 convolution.
  /// - Throws: `Fault(.usage)` for a model without both.
  public func install(on model: MultimodalModel) throws(Fault) {
    let found = model.backbone.encoderLayers().isEmpty ? model.backbone.wideConvolutions() : []
    guard !found.isEmpty else {
      let layers = try model.layers(for: "lora")
      model.freeze(trainingHead: trainsHead)
      return update(layers, of: model)
    }
    model.freeze(trainingHead: trainsHead)
    for (key, convolution) in found {
      let update = ConvolutionUpdate(convolution.weight.shape, rank: rank, scale: scale)
      updates[key] = update
      convolution.$weight.reparametrize { $0 + update.delta }
    }
    convolutions = found.map(\.key)
    model.attach(self)
  }

  private var scale: Double { alpha / (isStabilized ? Double(rank).squareRoot() : Double(rank)) }

  /// Adds an update to every target of some layers of a model.
  func update(_ layers: [(key: String, layer: any AdaptableLayer)], of model: MultimodalModel) {
    for (key, layer) in layers { update(layer, key) }
    model.attach(self)
  }

  /// Adds an update to every target of a layer.
  private func update(_ layer: any AdaptableLayer, _ key: String) {
    var changes: [Target: (Tensor) -> Tensor] = [:]
    for target in Target.allCases where targets.contains(target) {
      let (inputs, outputs) = layer.sizes(of: target)
      let update = LowRankUpdate(inputs, outputs, rank: rank, scale: scale)
      updates["\(key).\(target.module)"] = update
      changes[target] = { $0 + update.delta }
    }
    layer.reparametrize(weights: changes, biases: [:])
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
    var members: [OrderedJSON.Member] = [
      .init("rank", .integer(rank)), .init("alpha", .number(alpha)),
      .init("rank_stabilized", .bool(try reader.bool("use_rslora", default: false))),
    ]
    let modules = try reader.peft("target_modules", .list(of: .string, count: 1...))
    // The names of convolutions are those of the model, and its tensors confirm them.
    if !modules.allSatisfy({ $0.split(separator: ".").last?.hasPrefix("conv") == true }) {
      let targets = try reader.peftTargets("target_modules", among: Target.allCases)
      members.append(.init("targets", .array(targets.map { .string($0.rawValue) })))
    }
    return .object(members + [.init("train_head", .bool(try reader.peftTrainsHead()))])
  }

  var peftKeys: [OrderedJSON.Member] {
    [
      .init("r", .integer(rank)), .init("lora_alpha", .number(alpha)), .init("lora_dropout", 0.0),
      .init("use_rslora", .bool(isStabilized)), .init("bias", "none"),
      .init(
        "target_modules",
        .array((convolutions.isEmpty ? targets.map(\.lastName) : convolutions).map { .string($0) })),
    ]
  }
}

extension LayerMatrix {
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

/// (α/r)·B∘A for one convolution.
final class ConvolutionUpdate: Module {
  /// A, `[r, inputs, kernel, …]`.
  @Parameter("lora_A.weight") var down: Tensor
  /// B, `[outputs, r, 1, …]`.
  @Parameter("lora_B.weight") var up: Tensor
  private let scale: Double

  /// Makes an update of a weight `[outputs, inputs, kernel, …]`.
  init(_ shape: [Int], rank: Int, scale: Double) {
    self.scale = scale
    super.init()
    down = Initialization.fanIn([rank] + shape.dropFirst())
    up = .zeros([shape[0], rank] + shape.dropFirst(2).map { _ in 1 })
  }

  /// The update, `[outputs, inputs, kernel, …]`.
  var delta: Tensor {
    let product = up.flattened(1).matmul(down.flattened(1)) * scale
    return product.reshaped(to: [up.size(0)] + down.shape.dropFirst())
  }
}

extension Module {
  /// The convolutions with a kernel of 3 along each axis and their keys.
  func wideConvolutions() -> [(key: String, module: Convolution)] {
    modules(Convolution.self).filter { $0.module.weight.size(2) == 3 }
  }
}
