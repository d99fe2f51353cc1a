import Torch

/// Gradient blending in its online form (Wang et al., CVPR 2020, arXiv 1905.12681).
///
/// The fused prediction is k = 0. Every modality k = 1 … M gets a linear head over the mean of its encoding's real
/// steps, which also trains the encoder: L = Σ_k w_k L_k. Every `interval` epochs the weights follow from the change of
/// the losses since the last time. With G_k the fall of the validation loss and O_k the growth of validation minus
/// training loss,
///
/// w_k ∝ max(G_k, 0) / O_k², Σ w_k = 1.
///
/// The weights start equal, and become equal if no loss generalises. The training loss is the mean over an epoch's
/// batches.
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "interval: 3", file: "recipe")
/// let (hook, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try GradientBlending(reader, model) }
/// ```
public final class GradientBlending: StepHook {
  private let heads: ModalityHeads
  private let names: [String]
  private let interval: Int
  private let task: PredictionTask
  private var form: TaskLoss?
  /// The weights w.
  public private(set) var weights: [Double]
  /// The validation and training losses at the last change of the weights; empty before the end of the first epoch.
  private var reference: [Double] = []
  private var reading = StepReading<Tensor>()
  private var log = BalancingLog()

  private static let smallestOverfit = 1e-6

  /// Reads the setting `interval` (5).
  /// - Throws: `Fault(.usage)` for a setting out of range, and for segmentation.
  public init(_ reader: SettingsReader, _ model: MultimodalModel) throws(Fault) {
    task = model.configuration.task
    let names = ["fused"] + model.configuration.modalities.map(\.name)
    self.names = names
    heads = try ModalityHeads(model, for: reader.path)
    interval = try reader.int("interval", default: 5, in: 1...)
    weights = Array(repeating: 1 / Double(names.count), count: names.count)
  }

  /// The weights w of the losses before and after an interval; nil if no loss generalises.
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

  /// Always true, because the heads read the encodings.
  public var needsEncodings: Bool { true }

  /// The model's parameters by modality and those of the heads, all with the same rate.
  public func groups(_ model: MultimodalModel, _ settings: TrainingSettings) -> [ParameterGroup]? {
    heads.groups(model, settings)
  }

  /// Always true.
  public var takesParts: Bool { true }
  /// Always true.
  public var needsStatistics: Bool { true }

  /// The losses of the fused prediction and of all heads, in one tensor.
  public func statistics(_ step: TrainingStep) -> [Tensor] {
    [reading.make(step) { losses(step.output, step.batch.target, step.loss) }.detached()]
  }

  /// Logs the losses of the step.
  public func use(_ statistics: [Tensor], epoch: Int) {
    guard let losses = statistics.first else { return }
    log.begin(epoch)
    log.add("training_loss", names, losses.doubles)
    log.add("weight", names, weights)
  }

  /// The weighted sum Σ w_k L_k.
  public func loss(_ step: TrainingStep) -> Tensor {
    form = step.loss
    _ = statisticsOfBatch(step)
    let losses = reading.take { self.losses(step.output, step.batch.target, step.loss) }
    return (losses * Tensor(weights).to(losses.dtype).to(losses.device)).sum()
  }

  /// The losses of the fused prediction and of all heads, `[1 + M]`.
  private func losses(_ output: MultimodalModel.Output, _ target: Tensor, _ loss: TaskLoss) -> Tensor {
    .stacked([loss(output.prediction, target)] + heads(output.encoded).map { loss($0, target) })
  }

  /// Measures the losses and sets the weights every `interval` epochs.
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
    return model.means(over: split, count: names.count) { output, target in losses(output, target, loss).doubles }
  }

  /// The epoch's means `training_loss/NAME` and `weight/NAME`, also for the name `fused`.
  public func metrics() -> [(name: String, value: Double)] { log.metrics }

  /// The heads, the weights, the reference losses and the log.
  public func state() -> [(key: String, tensor: Tensor)] {
    heads.state(with: log)
      + [("weights", .init(weights)), ("reference", .init(reference.isEmpty ? [.nan] : reference))]
  }

  /// Restores the tensors of ``state()``.
  public func load(_ state: [String: Tensor], file: String?) throws(Fault) {
    try heads.load(state, with: &log, file: file)
    weights = try StrategyState.numbers("weights", of: state, count: names.count, file: file)
    let isEmpty = state["reference"]?.count == 1
    reference =
      isEmpty ? [] : try StrategyState.numbers("reference", of: state, count: 2 * names.count, file: file)
  }
}
