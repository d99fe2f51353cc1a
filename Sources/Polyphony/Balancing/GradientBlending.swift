import Torch

/// Gradient blending, in its online form (Wang et al., CVPR 2020, arXiv 1905.12681).
///
/// Beside the fused prediction (k = 0) every modality k = 1 … M gets a linear head over the mean of its encoding's real
/// steps, which trains its encoder too: L = Σ_k w_k L_k. Every `interval` epochs the weights follow from what the time
/// since has brought: with G_k the fall of the validation loss and O_k the growth of validation minus training loss,
///
/// w_k ∝ max(G_k, 0) / O_k², Σ w_k = 1.
///
/// They start equal, and stay so where nothing generalises. The training loss is the mean over an epoch's batches.
public final class GradientBlending: StepHook {
  /// The heads of the modalities.
  final class Heads: Module {
    @Child var heads: [Linear]

    init(_ model: MultimodalModel) {
      super.init()
      let backbone = model.backbone
      heads = backbone.configuration.modalities.map { _ in
        Linear(backbone.encodedWidth, backbone.configuration.task.outputs)
      }
      move(to: model.device, dtype: backbone.outputLayer.weight.dtype)
    }

    /// The losses of the fused prediction and of all heads, `[1 + M]`.
    func losses(_ output: MultimodalModel.Output, _ target: Tensor, _ loss: TaskLoss) -> Tensor {
      .stacked(
        [loss(output.prediction, target)]
          + zip(output.encoded, heads).map { loss($1($0.pooled), target) })
    }
  }

  private let heads: Heads
  private let names: [String]
  private let interval: Int
  private let task: PredictionTask
  private var form: TaskLoss?
  /// w.
  public private(set) var weights: [Double]
  /// Validation and training losses when the weights were last set; empty before the first epoch's end.
  private var reference: [Double] = []
  private var log = BalancingLog()

  private static let smallestOverfit = 1e-6

  /// Reads `interval` (5).
  public init(_ reader: SettingsReader, _ model: MultimodalModel) throws(Fault) {
    task = model.configuration.task
    guard task.kind != .segmentation else {
      throw Fault(
        .usage, "gradient blending's heads are for vectors, and a segmentation model has maps", key: reader.path,
        expected: "regression or classification", remedy: "choose cggm, ogm-ge, agm or mslr")
    }
    let names = ["fused"] + model.configuration.modalities.map(\.name)
    self.names = names
    heads = Heads(model)
    interval = try reader.int("interval", default: 5, in: 1...)
    weights = Array(repeating: 1 / Double(names.count), count: names.count)
  }

  /// w from losses before and after, each validation first, then training; nil where nothing generalises.
  public static func weights(
    before: (validation: [Double], training: [Double]), after: (validation: [Double], training: [Double])
  )
    -> [Double]?
  {
    let raw = before.validation.indices.map { k in
      let gain = before.validation[k] - after.validation[k]
      let overfit = (after.validation[k] - after.training[k]) - (before.validation[k] - before.training[k])
      return max(gain, 0) / max(overfit * overfit, smallestOverfit)
    }
    let sum = raw.reduce(0, +)
    return sum > 0 ? raw.map { $0 / sum } : nil
  }

  /// The heads read them.
  public var needsEncodings: Bool { true }

  /// Everything with one rate, the heads among it.
  public func groups(_ model: MultimodalModel, _ settings: TrainingSettings) -> [ParameterGroup]? {
    EncoderGroups.make(model, settings, extra: heads.trainableParameters())
  }

  /// Σ w_k L_k.
  public func loss(_ step: TrainingStep) -> Tensor {
    form = step.loss
    let losses = heads.losses(step.output, step.batch.target, step.loss)
    log.begin(step.epoch)
    log.add("training_loss", names, losses.doubles)
    log.add("weight", names, weights)
    return (losses * Tensor(weights).to(losses.dtype).to(losses.device)).sum()
  }

  /// Measures, and every `interval` epochs sets the weights.
  public func endEpoch(_ epoch: Int, validation: LabelledSplit, model: MultimodalModel) throws(Fault) {
    let isDue = (epoch + 1) % interval == 0
    guard isDue || reference.isEmpty else { return }
    let training = log.metrics.filter { $0.name.hasPrefix("training_loss/") }.map(\.value)
    guard training.count == names.count else { return }
    let held = self.validation(validation, model)
    if isDue, !reference.isEmpty {
      let before = (Array(reference[..<names.count]), Array(reference[names.count...]))
      weights = Self.weights(before: before, after: (held, training)) ?? names.map { _ in 1 / Double(names.count) }
    }
    reference = held + training
  }

  private func validation(_ split: LabelledSplit, _ model: MultimodalModel) -> [Double] {
    let loss = form ?? TaskLoss(task)
    var sum = names.map { _ in 0.0 }
    model.forEachBatch(of: split.samples, device: model.device, encodings: true) { output, indices in
      let target = split.target.rows(Tensor(indices)).to(output.prediction.device)
      let values = heads.losses(output, target, loss).doubles
      sum = zip(sum, values).map { $0 + $1 * Double(indices.count) }
    }
    return sum.map { $0 / Double(split.count) }
  }

  /// Means over the epoch: `training_loss/NAME` and `weight/NAME`, `fused` among the names.
  public func metrics() -> [(name: String, value: Double)] { log.metrics }

  /// Heads, weights, reference losses and the log.
  public func state() -> [(key: String, tensor: Tensor)] {
    StrategyState.prefixed("heads", heads.state())
      + [("weights", .init(weights)), ("reference", .init(reference.isEmpty ? [.nan] : reference))] + log.state()
  }

  /// Takes over what ``state()`` gave.
  public func load(_ state: [String: Tensor], file: String?) throws(Fault) {
    try heads.load(StrategyState.section("heads", of: state), file: file)
    weights = try StrategyState.numbers("weights", of: state, count: names.count, file: file)
    let isEmpty = state["reference"]?.count == 1
    reference =
      isEmpty ? [] : try StrategyState.numbers("reference", of: state, count: 2 * names.count, file: file)
    try log.load(state, file: file)
  }
}
