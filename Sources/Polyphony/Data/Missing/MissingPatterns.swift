import Torch

/// The patterns in which some of M modalities can be missing.
///
/// ```swift
/// for pattern in MissingPatterns.patterns(3) {
///   print(pattern.missing(["text", "audio", "vision"]), pattern.weight)
/// }
/// ```
public enum MissingPatterns {
  /// One pattern and its weight.
  public struct Pattern: Equatable, Sendable {
    /// The presence of each modality; at least one is present.
    public var present: [Bool]
    /// The number of patterns that this one represents, 1 unless it belongs to a random sample.
    public var weight: Double

    /// The names of the modalities that are missing.
    public func missing(_ names: [String]) -> [String] { zip(names, present).filter { !$1 }.map(\.0) }
  }

  /// The largest number of modalities with an exhaustive list.
  public static let exhaustiveLimit = 6

  /// All 2^M − 1 patterns, ordered by the number of missing modalities, or a sample for more than six modalities.
  ///
  /// The sample is stratified. From the C(M, c) patterns with c missing modalities it takes `perStratum` at random, or
  /// all if there are no more. Each has the weight C(M, c) divided by the number taken. So a weighted mean over the
  /// sample estimates the mean over all patterns.
  public static func patterns(_ count: Int, perStratum: Int = 8, seed: UInt64 = 0) -> [Pattern] {
    (0..<count).flatMap { missing in
      stratum(count, missing: missing, limit: count <= exhaustiveLimit ? .max : perStratum, seed: seed)
    }
  }

  private static func stratum(_ count: Int, missing: Int, limit: Int, seed: UInt64) -> [Pattern] {
    let size = binomial(count, missing)
    if size <= Double(limit) {
      return subsets(count, missing).map { subset in
        Pattern(present: (0..<count).map { !subset.contains($0) }, weight: 1)
      }
    }
    let generator = Generator(seed: seed &+ UInt64(missing) &* 0x9E37_79B9_7F4A_7C15)
    var chosen: [[Int]] = []
    while chosen.count < limit {
      let subset = generator.permutation(count).prefix(missing).sorted()
      if !chosen.contains(subset) { chosen.append(subset) }
    }
    return chosen.map { subset in
      Pattern(present: (0..<count).map { !subset.contains($0) }, weight: size / Double(limit))
    }
  }

  /// All subsets of 0 ..< count with `size` elements, in lexicographic order.
  private static func subsets(_ count: Int, _ size: Int) -> [[Int]] {
    if size == 0 { return [[]] }
    return (0..<count).flatMap { first in
      subsets(count - first - 1, size - 1).map { [first] + $0.map { $0 + first + 1 } }
    }
  }

  private static func binomial(_ n: Int, _ k: Int) -> Double {
    (0..<k).reduce(1) { $0 * Double(n - $1) / Double($1 + 1) }
  }
}
