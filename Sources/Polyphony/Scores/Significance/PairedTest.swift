/// The paired t-test of one method's scores against another's, seed by seed.
///
/// With the differences dᵢ over the n seeds that both have, t = d̄ / (s / √n), where s² = Σ(dᵢ − d̄)² / (n − 1), has
/// n − 1 degrees of freedom if the methods are equally good and differences are about normal.
public struct PairedTest: Equatable, Sendable {
  /// Why nothing can be said.
  public enum Obstacle: String, Sendable {
    /// No seed at which both have a score.
    case noCommonSeed = "no common seed"
    /// One such seed: a difference without a spread.
    case oneSeed = "one common seed only"
    /// The scores are the same at all seeds.
    case equal = "equal at all seeds"
    /// The differences are the same at all seeds, so that their spread, and with it t, is undefined.
    case noVariance = "no variance between seeds"
    /// One of the two has no defined score at all.
    case undefined = "undefined"
  }

  /// The seeds at which both have a defined score.
  public let seeds: [Int]
  /// d̄, the method's mean score less the reference's; nil without a common seed.
  public let difference: Double?
  /// s / √n; nil with fewer than two seeds.
  public let standardError: Double?
  /// t; nil where there is an obstacle.
  public let statistic: Double?
  /// The two-sided p-value, not corrected for other comparisons; nil where there is an obstacle.
  public let p: Double?
  /// Why there is no p-value; nil where there is one.
  public let obstacle: Obstacle?

  /// Tests the scores of a method against those of a reference.
  ///
  /// Scores belong together by their seeds; a seed that stands twice counts once, the first. An undefined score takes
  /// its seed out.
  public init(_ scores: Aggregate, seeds: [Int], against reference: Aggregate, seeds referenceSeeds: [Int]) {
    func defined(_ aggregate: Aggregate, _ seeds: [Int]) -> [Int: Double] {
      Dictionary(
        zip(seeds, aggregate.values).compactMap { seed, value in value.map { (seed, $0) } },
        uniquingKeysWith: { a, _ in a })
    }
    let (own, other) = (defined(scores, seeds), defined(reference, referenceSeeds))
    let common = own.keys.filter { other[$0] != nil }.sorted()
    self.seeds = common
    let differences = common.compactMap { seed in own[seed].flatMap { a in other[seed].map { a - $0 } } }
    let count = Double(differences.count)
    guard !differences.isEmpty else {
      (difference, standardError, statistic, p) = (nil, nil, nil, nil)
      obstacle = own.isEmpty || other.isEmpty ? .undefined : .noCommonSeed
      return
    }
    let mean = differences.reduce(0, +) / count
    difference = mean
    guard differences.count > 1 else {
      (standardError, statistic, p, obstacle) = (nil, nil, nil, .oneSeed)
      return
    }
    let deviation = (differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)).squareRoot()
    // What rounding leaves of equal differences is no variance.
    let scale = common.reduce(0) { max($0, abs(own[$1] ?? 0), abs(other[$1] ?? 0)) }
    guard deviation > 1e-12 * scale else {
      (standardError, statistic, p) = (0, nil, nil)
      obstacle = abs(mean) > 1e-12 * scale ? .noVariance : .equal
      return
    }
    let error = deviation / count.squareRoot()
    standardError = error
    statistic = mean / error
    p = StudentT.twoSided(mean / error, degreesOfFreedom: count - 1)
    obstacle = nil
  }
}
