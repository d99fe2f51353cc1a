import Torch

/// Predictions of the same samples at several moments of an adaptation: how stable each is, and the mean.
///
/// With n snapshots ŷ(1) … ŷ(n) of a sample (its value, or the probabilities of its classes)
///
/// s = 1/(n − 1) Σ_t ‖ŷ(t+1) − ŷ(t)‖₁, ỹ = 1/n Σ_t ŷ(t)
///
/// (CASP, arXiv 2412.07121). The distance of an image is averaged over its places. Only running sums are kept, whatever
/// n is.
public struct SnapshotLedger {
  /// n.
  public private(set) var count = 0
  private var last: Tensor?
  private var sum: Tensor?
  private var movement: Tensor?

  /// A ledger without snapshots.
  public init() {}

  /// Adds a snapshot of soft predictions, `[N, C]` or `[N, C, H, W]`, always of the same samples.
  public mutating func add(_ soft: Tensor) {
    let soft = noGrad { soft.detached().to(.cpu) }
    noGrad {
      if let last, let sum, let movement {
        let distance = (soft - last).abs().to(.float64).sum(1)
        self.movement = movement + (distance.rank > 1 ? distance.mean(1, 2) : distance)
        self.sum = sum + soft
      } else {
        (sum, movement) = (soft, .zeros([soft.size(0)], dtype: .float64))
      }
      last = soft
    }
    count += 1
  }

  /// s of every sample; nil before the second snapshot.
  public var stability: [Double]? {
    guard count > 1, let movement else { return nil }
    return (movement / Double(count - 1)).doubles
  }

  /// ỹ of some samples.
  public func means(_ indices: [Int]) -> Tensor? {
    sum.map { sum in noGrad { sum.rows(Tensor(indices)) / Double(count) } }
  }

  /// How wrong the means are as pseudo-labels (``PseudoLabelError``); no values before the second snapshot.
  public func pseudoLabelErrors(_ target: Tensor, share: Double, task: PredictionTask) -> MetricValues {
    guard let stability, let labels = means(Array(stability.indices)) else { return [:] }
    return PseudoLabelError.values(labels: labels, stability: stability, target: target, share: share, task: task)
  }

  func state() -> [(key: String, tensor: Tensor)] {
    guard let last, let sum, let movement else { return [] }
    return [("count", Tensor([count])), ("last", last), ("sum", sum), ("movement", movement)]
  }

  init(_ saved: [String: Tensor], prefix: String, file: String?) throws(Fault) {
    guard let count = saved[prefix + "count"] else { return }
    self.count = count.integers.first ?? 0
    last = try SavedTensors.tensor(prefix + "last", saved, file: file)
    sum = try SavedTensors.tensor(prefix + "sum", saved, file: file)
    movement = try SavedTensors.tensor(prefix + "movement", saved, file: file)
  }
}
