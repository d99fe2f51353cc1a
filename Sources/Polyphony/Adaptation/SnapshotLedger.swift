import Torch

/// Predictions of the same samples at several moments of an adaptation, with their stability and their mean.
///
/// With n snapshots ŷ(1) … ŷ(n) of a sample (its value, or the probabilities of its classes)
///
/// s = 1/(n − 1) Σ_t ‖ŷ(t+1) − ŷ(t)‖₁, ỹ = 1/n Σ_t ŷ(t)
///
/// (CASP, arXiv 2412.07121). The distance of an image is averaged over its places. The ledger stores only running sums,
/// for any n.
///
/// ```swift
/// var ledger = SnapshotLedger()
/// ledger.add(Tensor([0.0, 1.0], shape: [2, 1]))
/// ledger.add(Tensor([0.0, 3.0], shape: [2, 1]))
/// print(ledger.stability ?? [])  // [0.0, 2.0]
/// ```
public struct SnapshotLedger {
  /// The number n of snapshots.
  public private(set) var count = 0
  private var last: Tensor?
  private var sum: Tensor?
  private var movement: Tensor?

  /// Makes a ledger without snapshots.
  public init() {}

  /// Adds a snapshot of soft predictions, `[N, C]` or `[N, C, H, W]`, always of the same samples.
  public mutating func add(_ soft: Tensor) {
    let soft = noGrad { soft.detached().to(.cpu) }
    noGrad {
      if let last, let sum, let movement {
        self.movement = movement + (soft - last).abs().to(.float64).sum(1).meanOfEachSample
        self.sum = sum + soft
      } else {
        (sum, movement) = (soft, .zeros([soft.size(0)], dtype: .float64))
      }
      last = soft
    }
    count += 1
  }

  /// The stability s of every sample; nil before the second snapshot.
  public var stability: [Double]? {
    guard count > 1, let movement else { return nil }
    return (movement / Double(count - 1)).doubles
  }

  /// The means ỹ of some samples; nil before the first snapshot.
  public func means(_ indices: [Int]) -> Tensor? {
    sum.map { sum in noGrad { sum.rows(Tensor(indices)) / Double(count) } }
  }

  /// The errors of the means as pseudo-labels (``PseudoLabelError``); empty before the second snapshot.
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
