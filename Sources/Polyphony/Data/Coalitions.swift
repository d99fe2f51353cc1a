/// Subsets of modalities, and the weights of the Shapley value over them.
///
/// φ_m = Σ_{S ∌ m} |S|! (M − |S| − 1)! / M! · (v(S ∪ m) − v(S)) (Shapley 1953). It is the gain of v from modality m,
/// averaged over all orders in which the modalities could come.
///
/// ```swift
/// let worths = Coalitions.all(3).map { worth($0) }
/// let shapley = Coalitions.weights(3).map { zip($0, worths).map(*).reduce(0, +) }
/// ```
public enum Coalitions {
  /// All 2^M subsets of M modalities. Bit m of a subset's place in the list is 1 if m belongs to it.
  public static func all(_ count: Int) -> [[Bool]] {
    (0..<(1 << count)).map { bits in (0..<count).map { bits >> $0 & 1 == 1 } }
  }

  /// The weights of v(S) in φ_m, for each m and for every subset in the order of ``all(_:)``. Each modality's weights
  /// add up to 0.
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
