/// The selection of the samples with the most stable predictions.
public enum StableSelection {
  /// The samples with s ≤ Q_q(s), in their order, which are the most stable share q.
  ///
  /// Q_q is the quantile between order statistics, so there are ⌊q(N − 1)⌋ + 1 samples, at least one. All samples that
  /// tie with the last one are also in the selection, because the order of the data must not decide between equals.
  public static func indices(_ stability: [Double], share: Double) -> [Int] {
    guard !stability.isEmpty else { return [] }
    let threshold = stability.sorted()[size(stability.count, share: share) - 1]
    return stability.indices.filter { stability[$0] <= threshold }
  }

  /// ⌊q(N − 1)⌋ + 1. A product that differs from a whole number by rounding alone counts as that number.
  static func size(_ count: Int, share: Double) -> Int {
    min(count, Int((share * Double(count - 1) + 1e-9).rounded(.down)) + 1)
  }
}
