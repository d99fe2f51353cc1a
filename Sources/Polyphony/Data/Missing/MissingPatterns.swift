import Torch

/// The ways in which some of M modalities can be missing.
public enum MissingPatterns {
  /// One way: which modalities are there, and how many ways it stands for.
  public struct Pattern: Equatable, Sendable {
    /// Whether each modality is there; at least one is.
    public var present: [Bool]
    /// 1, or more where this is one of a sample.
    public var weight: Double

    /// The names of the modalities that are missing.
    public func missing(_ names: [String]) -> [String] { zip(names, present).filter { !$1 }.map(\.0) }
  }

  /// The number of modalities up to which all patterns are tried.
  public static let exhaustiveLimit = 6

  /// All 2^M − 1 patterns, complete first, then by the number of missing modalities; beyond six modalities a sample.
  ///
  /// The sample is stratified: from the C(M, c) patterns with c missing modalities it takes `perStratum` at random, or
  /// all where there are no more, each with the weight C(M, c) over the number taken. A weighted mean over the sample
  /// then estimates the mean over all patterns.
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
