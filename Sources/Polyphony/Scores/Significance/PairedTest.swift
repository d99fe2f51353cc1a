/// The paired t-test of one method's scores against another's, seed by seed.
///
/// With the differences dᵢ over the n common seeds, t = d̄ / (s / √n), where s² = Σ(dᵢ − d̄)² / (n − 1). It has n − 1
/// degrees of freedom if the methods are equally good and the differences are about normal.
///
/// ```swift
/// let seeds = [0, 1, 2, 3, 4]
/// let (cggm, joint) = (Aggregate([0.81, 0.80, 0.83, 0.82, 0.81]), Aggregate([0.78, 0.79, 0.80, 0.78, 0.79]))
/// let test = PairedTest(cggm, seeds: seeds, against: joint, seeds: seeds)
/// print(test.difference ?? .nan, test.p ?? .nan)
/// ```
public struct PairedTest: Equatable, Sendable {
  /// The reason for a missing p-value.
  public enum Obstacle: String, Sendable {
    /// The methods have no common seed with a score.
    case noCommonSeed = "no common seed"
    /// The methods have one common seed, and a single difference has no spread.
    case oneSeed = "one common seed only"
    /// The methods have the same score at every seed.
    case equal = "equal at all seeds"
    /// The difference is the same at all seeds, so its spread is 0 and t is undefined.
    case noVariance = "no variance between seeds"
    /// One of the methods has no defined score.
    case undefined = "undefined"
  }

  /// The seeds at which both methods have a defined score.
  public let seeds: [Int]
  /// d̄, the method's mean score less the reference's; nil without a common seed.
  public let difference: Double?
  /// s / √n; nil for fewer than two seeds.
  public let standardError: Double?
  /// t; nil with an obstacle.
  public let statistic: Double?
  /// The two-sided p-value, without correction for other comparisons; nil with an obstacle.
  public let p: Double?
  /// The reason for a missing p-value; nil if there is a p-value.
  public let obstacle: Obstacle?

  /// Tests the scores of a method against those of a reference.
  ///
  /// The seeds pair the scores. A repeated seed counts once, with its first score. An undefined score excludes its
  /// seed.
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
    // A deviation from rounding alone counts as 0.
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
