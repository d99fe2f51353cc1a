/// The choice of the samples whose predictions moved least.
public enum StableSelection {
  /// The samples with s ≤ Q_q(s), in their order: the share q that is most stable.
  ///
  /// Q_q is the quantile between order statistics, so that ⌊q(N − 1)⌋ + 1 samples are chosen, one at least. All that tie
  /// with the last of them are chosen too: among equals the order of the data must not decide.
  public static func indices(_ stability: [Double], share: Double) -> [Int] {
    guard !stability.isEmpty else { return [] }
    let threshold = stability.sorted()[size(stability.count, share: share) - 1]
    return stability.indices.filter { stability[$0] <= threshold }
  }

  /// ⌊q(N − 1)⌋ + 1; a product that is a whole number but for rounding counts as one.
  static func size(_ count: Int, share: Double) -> Int {
    min(count, Int((share * Double(count - 1) + 1e-9).rounded(.down)) + 1)
  }
}
