/// Subsets of modalities, and the Shapley value over them.
///
/// φ_m = Σ_{S ∌ m} |S|! (M − |S| − 1)! / M! · (v(S ∪ m) − v(S)): what modality m adds, averaged over all orders in which
/// the modalities could come (Shapley 1953).
public enum Coalitions {
  /// All 2^M subsets; bit m of the place in the list says whether m is in it.
  public static func all(_ count: Int) -> [[Bool]] {
    (0..<(1 << count)).map { bits in (0..<count).map { bits >> $0 & 1 == 1 } }
  }

  /// The weight of v(S) in φ_m for every subset, in the order of ``all(_:)``; weights of a modality add up to 0.
  public static func weights(_ count: Int) -> [[Double]] {
    func factorial(_ n: Int) -> Double { n < 2 ? 1 : (2...n).reduce(1) { $0 * Double($1) } }
    return (0..<count).map { player in
      all(count).map { subset in
        let size = subset.count { $0 }
        if subset[player] {
          return factorial(size - 1) * factorial(count - size) / factorial(count)
        }
        return -factorial(size) * factorial(count - size - 1) / factorial(count)
      }
    }
  }
}
