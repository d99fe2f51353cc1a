import Torch

/// The loss and the classes of a segmentation, batch by batch, so that the logits of a split need no memory as a whole.
///
/// The loss is that of ``TaskLoss`` over all places: cross-entropy is Σ w l / Σ w, and soft Dice is 2 Σ p t / (Σ p + Σ t + s).
struct MapTally {
  private let loss: TaskLoss
  private var (crossEntropy, weight) = (0.0, 0.0)
  private var (overlap, size) = (0.0, 0.0)
  private var parts: [Tensor] = []
  /// False once a logit was not a finite number.
  private(set) var isFinite = true

  /// Makes a tally of nothing.
  init(_ loss: TaskLoss) { self.loss = loss }

  /// Adds logits `[B, classes, …]` and the true classes `[B, …]`.
  mutating func add(_ logits: Tensor, _ target: Tensor) {
    isFinite = isFinite && logits.isFinite
    parts.append(logits.argmax(1).to(.uint8).to(.cpu))
    let weights = loss.classWeights.map { Tensor($0.map(Float.init)).to(logits.device) }
    crossEntropy += logits.crossEntropy(target, weights: weights, reduction: .sum).item
    weight += weights.map { $0.rows(target.flattened()).sum().item } ?? Double(target.count)
    guard loss.form == .dice else { return }
    let dice = SoftDice(logits.softmax(1), target)
    overlap += dice.overlap.item
    size += dice.size.item
  }

  /// The predicted classes of all samples, `[N, …]` bytes.
  var classes: Tensor { .concatenated(parts) }

  /// The loss over all samples.
  var value: Double {
    let entropy = crossEntropy / weight
    guard loss.form == .dice else { return entropy }
    let dice = 2 * overlap / (size + SoftDice.smoothing)
    return entropy * (1 - SoftDice.share) + (1 - dice) * SoftDice.share
  }
}

extension MultimodalModel {
  /// Predicts volumes one batch after another, and returns their classes `[N, D, H, W]` beside their evaluation.
  /// - Throws: `Fault(.failure)` if a prediction is not a finite number.
  func scoredVolumes(
    _ split: LabelledSplit, loss: TaskLoss, batchSize: Int, device: Device, prepare: (Inputs, [Int]) -> Inputs
  ) throws(Fault) -> (evaluation: Evaluation, prediction: Tensor) {
    var tally = MapTally(loss)
    forEachBatch(of: split.samples, batchSize: batchSize, device: device, prepare: prepare) { output, indices in
      tally.add(output.prediction, split.target.rows(Tensor(indices)).to(device))
    }
    guard tally.isFinite else { throw Evaluation.notFinite(model: folder) }
    let classes = tally.classes
    let evaluation = try Evaluation(
      classes: classes, split.target, task: configuration.task, loss: tally.value, volumes: split.volumes)
    return (evaluation, classes)
  }
}
