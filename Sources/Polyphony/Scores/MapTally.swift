import Torch

/// The loss and the classes of a segmentation, batch by batch, so that the logits of a split need no memory as a whole.
///
/// The loss is that of ``TaskLoss`` over all places: cross-entropy is Σ w l / Σ w, and soft Dice is 2 Σ p t / (Σ p + Σ t + s).
struct MapTally {
  /// The sums of a batch.
  private struct Sums {
    /// Σ w l of the cross-entropy.
    var crossEntropy = 0.0
    /// Σ w.
    var weight = 0.0
    /// Σ p t of soft Dice.
    var overlap = 0.0
    /// Σ p + Σ t.
    var size = 0.0
    /// The number of batches with a logit that is not a finite number.
    var failures = 0.0

    var values: [Double] { [crossEntropy, weight, overlap, size, failures] }

    init() {}

    init(_ values: ArraySlice<Double>) {
      let values = Array(values)
      (crossEntropy, weight, overlap, size, failures) = (values[0], values[1], values[2], values[3], values[4])
    }

    static func + (one: Sums, other: Sums) -> Sums { Sums(zip(one.values, other.values).map { $0 + $1 }[...]) }
  }

  private let loss: TaskLoss
  private var sums: [Sums]
  /// The predicted classes of all samples, `[N, …]` bytes.
  let classes: Tensor

  /// Makes a tally of no samples yet.
  /// - Parameters:
  ///   - loss: the loss.
  ///   - batches: the number of batches.
  ///   - target: the true classes of all samples, `[N, …]`.
  init(_ loss: TaskLoss, batches: Int, _ target: Tensor) {
    self.loss = loss
    sums = Array(repeating: Sums(), count: batches)
    classes = .zeros(target.shape, dtype: .uint8)
  }

  /// Adds a batch.
  /// - Parameters:
  ///   - logits: its logits, `[B, classes, …]`.
  ///   - target: its true classes, `[B, …]`.
  ///   - number: the number of the batch.
  ///   - rows: the places of its samples.
  mutating func add(_ logits: Tensor, _ target: Tensor, number: Int, rows: Range<Int>) {
    classes[rows].copyInPlace(from: logits.argmax(1).to(.uint8).to(.cpu))
    var own = Sums()
    own.failures = logits.isFinite ? 0 : 1
    let weights = loss.classWeights.map { Tensor($0.map(Float.init)).to(logits.device) }
    own.crossEntropy = logits.crossEntropy(target, weights: weights, reduction: .sum).item
    own.weight = weights.map { $0.rows(target.flattened()).sum().item } ?? Double(target.count)
    if loss.form == .dice {
      let dice = SoftDice(logits.softmax(1), target)
      (own.overlap, own.size) = (dice.overlap.item, dice.size.item)
    }
    sums[number] = own
  }

  /// Takes the batches of all processes over. Their sums have the bits of one process.
  mutating func unite(_ group: ProcessGroup) throws(Fault) {
    let all = Tensor(sums.flatMap(\.values))
    try group.sum(all)
    try group.sum(classes)
    let (values, width) = (all.doubles, Sums().values.count)
    sums = sums.indices.map { Sums(values[$0 * width..<($0 + 1) * width]) }
  }

  private var total: Sums { sums.reduce(Sums(), +) }

  /// False if a logit was not a finite number.
  var isFinite: Bool { total.failures == 0 }

  /// The loss over all samples.
  var value: Double {
    let total = total
    let entropy = total.crossEntropy / total.weight
    guard loss.form == .dice else { return entropy }
    let dice = 2 * total.overlap / (total.size + SoftDice.smoothing)
    return entropy * (1 - SoftDice.share) + (1 - dice) * SoftDice.share
  }
}

extension MultimodalModel {
  /// Predicts volumes one batch after another, and returns their classes `[N, D, H, W]` beside their evaluation.
  /// - Parameter group: the processes that compute the batches in turn.
  /// - Throws: `Fault(.failure)` if a prediction is not a finite number, and if a process of the group has gone.
  func scoredVolumes(
    _ split: LabelledSplit, loss: TaskLoss, batchSize: Int, device: Device, group: ProcessGroup? = nil,
    prepare: (Inputs, [Int]) -> Inputs
  ) throws(Fault) -> (evaluation: Evaluation, prediction: Tensor) {
    let batches = SlidingWindows.passes(batchSize, over: split.samples, for: configuration)
    var tally = MapTally(loss, batches: batches.count, split.target)
    evaluating {
      noGrad {
        for number in stride(from: group?.rank ?? 0, to: batches.count, by: group?.size ?? 1) {
          let rows = batches[number]
          let logits = self(prepare(split.samples.rows(rows), rows).to(device)).prediction
          let target = split.target.rows(Tensor(rows)).to(device)
          tally.add(logits, target, number: number, rows: rows[0]..<rows[0] + rows.count)
        }
      }
    }
    if let group { try tally.unite(group) }
    guard tally.isFinite else { throw Evaluation.notFinite(model: folder) }
    let evaluation = try Evaluation(
      classes: tally.classes, split.target, task: configuration.task, loss: tally.value, volumes: split.volumes)
    return (evaluation, tally.classes)
  }
}
