/// Holm's correction of p-values for multiple comparisons.
///
/// ```swift
/// let adjusted = HolmCorrection.adjusted([0.01, 0.04, 0.03])  // 0.03, 0.06, 0.06
/// ```
public enum HolmCorrection {
  /// Adjusts p-values: with p₍₁₎ ≤ … ≤ p₍ₘ₎, the i-th becomes max over j ≤ i of min(1, (m − j + 1) p₍ⱼ₎).
  ///
  /// If all adjusted values below α count as significant, the chance of even one false claim stays below α, for any
  /// dependence between the tests (S. Holm, *A simple sequentially rejective multiple test procedure*, 1979).
  public static func adjusted(_ p: [Double]) -> [Double] {
    var result = p
    var greatest = 0.0
    for (rank, index) in p.indices.sorted(by: { (p[$0], $0) < (p[$1], $1) }).enumerated() {
      greatest = max(greatest, min(1, Double(p.count - rank) * p[index]))
      result[index] = greatest
    }
    return result
  }
}
