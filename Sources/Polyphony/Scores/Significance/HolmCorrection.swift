/// Holm's correction of p-values for how many there are.
public enum HolmCorrection {
  /// Adjusted p-values: with p₍₁₎ ≤ … ≤ p₍ₘ₎, the i-th becomes max over j ≤ i of min(1, (m − j + 1) p₍ⱼ₎).
  ///
  /// To call those below α significant keeps the chance of even one false claim below α, whatever the tests have in
  /// common (S. Holm, *A simple sequentially rejective multiple test procedure*, 1979).
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
