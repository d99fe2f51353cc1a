import Torch

/// PMR, prototypical modal rebalance (Fan et al., CVPR 2023, arXiv 2211.07089).
///
/// Each modality m has a prototype c_k of every class k, a running mean of the encodings z_m of that class. z_m is the
/// mean over the real steps. With p_m = softmax_k(−‖z_m − c_k‖), s_m = mean p_m[y], and ρ_m = s_m divided by the mean
/// of the other modalities' s:
///
/// L = L_task + α Σ_m β_m CE(p_m, y) − μ Σ_m γ_m H(p_m), β_m = clip(1/ρ_m − 1, 0, 1), γ_m = clip(ρ_m − 1, 0, 1).
///
/// So slow modalities move towards their prototypes. In the first `entropy_epochs` epochs, the entropy term prevents
/// overconfidence of the fast ones. For two modalities these are the published weights. For more, the published code
/// uses another method (OGM's). The prototypes follow every batch, c ← m c + (1 − m) z̄, while the published ones
/// follow a tenth of the data before each epoch. The paper has no form for regression. Here the classes of a regression
/// are quarters of the targets, and the quartiles of the first batch separate them. Several targets or labels give a
/// sample no single class, so PMR refuses them.
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "{alpha: 0.5, entropy_epochs: 3}", file: "recipe")
/// let (hook, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in
///   try PrototypicalRebalance(reader, model)
/// }
/// ```
public final class PrototypicalRebalance: StepHook {
  private static let bins = 4

  private let names: [String]
  private let isRegression: Bool
  private let classes: Int
  private let alpha: Double
  private let mu: Double
  private let momentum: Double
  private let entropyEpochs: Int
  private let epochs: ActiveEpochs
  /// The prototypes, `[M, classes, width]`.
  private let prototypes: Tensor
  /// The classes with a prototype, `[classes, 1]`: 1 for those that have occurred.
  private let seen: Tensor
  private let edges: Tensor
  private var hasEdges = false
  private var log = BalancingLog()

  /// Reads the settings `alpha` (1), `mu` (0.01), `momentum` (0.9), `entropy_epochs` (1), `start` (0) and `end` (50).
  /// - Throws: `Fault(.usage)` for a setting out of range, for segmentation, and for several targets or labels.
  public init(_ reader: SettingsReader, _ model: MultimodalModel) throws(Fault) {
    let task = model.configuration.task
    guard task.outputNames == nil else {
      throw task.refusal(
        of: "pmr", because: "a prototype stands for one class, and a sample has several targets here", key: reader.path,
        expected: "classification, or regression with one target", remedy: "choose cggm, ogm-ge, agm or mslr")
    }
    guard task.kind != .segmentation else {
      throw Fault(
        .usage, "prototypes are of vectors, and a segmentation model has maps", key: reader.path,
        expected: "regression or classification", remedy: "choose cggm, ogm-ge, agm or mslr")
    }
    names = model.configuration.modalities.map(\.name)
    isRegression = task.kind == .regression
    classes = isRegression ? Self.bins : task.classes ?? 0
    alpha = try reader.double("alpha", default: 1, in: 0...)
    mu = try reader.double("mu", default: 0.01, in: 0...)
    momentum = try reader.double("momentum", default: 0.9, in: 0..<1)
    entropyEpochs = try reader.int("entropy_epochs", default: 1, in: 0...)
    epochs = try ActiveEpochs(reader, end: 50)
    let dtype = model.backbone.outputLayer.weight.dtype
    prototypes = .zeros([names.count, classes, model.backbone.encodedWidth], dtype: dtype, device: model.device)
    seen = .zeros([classes, 1], dtype: dtype, device: model.device)
    edges = .zeros([Self.bins - 1], dtype: dtype, device: model.device)
  }

  /// Always true, because the prototypes are means of encodings.
  public var needsEncodings: Bool { true }

  /// The weights β and γ of the modalities' scores.
  public static func weights(_ scores: [Double]) -> (pull: [Double], entropy: [Double]) {
    guard scores.count > 1 else { return (scores.map { _ in 0 }, scores.map { _ in 0 }) }
    let sum = scores.reduce(0, +)
    let ratios = scores.map { max($0, 1e-12) / max((sum - $0) / Double(scores.count - 1), 1e-12) }
    return (ratios.map { min(max(1 / $0 - 1, 0), 1) }, ratios.map { min(max($0 - 1, 0), 1) })
  }

  /// The task's loss, the pull of slow modalities and the entropy of fast ones.
  public func loss(_ step: TrainingStep) -> Tensor {
    let z = Tensor.stacked(step.output.encoded.map(\.pooled))
    let labels = noGrad { self.labels(step.batch.target) }
    noGrad { follow(z.detached(), labels) }
    guard epochs.contains(step.epoch), names.count > 1 else { return step.taskLoss }
    // Shares have the shape [M, B, classes]. A class without a sample so far has no prototype and no share.
    let distances = (z.unsqueezed(2) - prototypes.unsqueezed(1)).norm(3)
    let logShares = (-distances).filled(-1e9, where: (seen .== 0).reshaped(1, 1, classes)).logSoftmax(2)
    let index = labels.reshaped(1, -1, 1).expanded(names.count, -1, 1)
    let truth = logShares.gathered(2, index).squeezed(2)
    let scores = noGrad { truth.detached().exp().mean(1).doubles }
    let (pull, entropy) = Self.weights(scores)
    log.begin(step.epoch)
    log.add("score", names, scores)
    log.add("pull", names, pull)
    func weighted(_ values: Tensor, _ weights: [Double]) -> Tensor {
      (values * Tensor(weights).to(values.dtype).to(values.device)).sum()
    }
    var total = step.taskLoss + weighted(-truth.mean(1), pull) * alpha
    if step.epoch < epochs.start + entropyEpochs {
      let uncertainty = -(logShares.exp() * logShares).sum(2).mean(1)
      total = total - weighted(uncertainty, entropy) * mu
    }
    return total
  }

  /// The classes of a batch.
  private func labels(_ target: Tensor) -> Tensor {
    guard isRegression else { return target }
    let values = target.flattened()
    if !hasEdges {
      let sorted = values.sorted().values
      let places = (1..<Self.bins).map { min(values.count - 1, values.count * $0 / Self.bins) }
      edges.copyInPlace(from: sorted.rows(Tensor(places).to(sorted.device)))
      hasEdges = true
    }
    return (values.unsqueezed(1) .>= edges.unsqueezed(0)).to(.int64).sum(1)
  }

  /// Moves the prototypes of the classes in the batch.
  private func follow(_ z: Tensor, _ labels: Tensor) {
    let membership = labels.oneHot(classes).to(z.dtype)
    let counts = membership.sum(0).unsqueezed(1)
    let here = (counts .> 0).to(z.dtype)
    let means = membership.transposed(0, 1).matmul(z) / counts.clamped(1, nil)
    // The first batch with a class sets its prototype. A class that is not in the batch keeps its prototype.
    let keep = 1 - here * (1 - seen * momentum)
    prototypes.copyInPlace(from: prototypes * keep + means * (1 - keep))
    seen.copyInPlace(from: Tensor.maximum(seen, here))
  }

  /// The epoch's means `score/NAME` (s_m) and `pull/NAME` (β_m).
  public func metrics() -> [(name: String, value: Double)] { log.metrics }

  /// The prototypes, the quartiles and the log.
  public func state() -> [(key: String, tensor: Tensor)] {
    [
      ("prototypes", prototypes), ("seen", seen), ("edges", edges),
      ("has_edges", StrategyState.numbers([hasEdges ? 1 : 0])),
    ] + log.state()
  }

  /// Restores the tensors of ``state()``.
  public func load(_ state: [String: Tensor], file: String?) throws(Fault) {
    for (key, own) in [("prototypes", prototypes), ("seen", seen), ("edges", edges)] {
      _ = try StrategyState.numbers(key, of: state, count: own.count, file: file)
      if let saved = state[key] { noGrad { own.copyInPlace(from: saved.reshaped(to: own.shape)) } }
    }
    hasEdges = try StrategyState.numbers("has_edges", of: state, count: 1, file: file)[0] != 0
    try log.load(state, file: file)
  }
}
