/// The balancing terms B_i of CGGM (arXiv 2411.01409, eq. 6 and 7), with a guard against a vanishing denominator.
///
/// With Δ_i = ε_i(t) − ε_i(t−1), ε(0) = 0:
///
/// B_i = ρ · Σ_{k≠i} Δ_k / Σ_k Δ_k, clamped to [0, B_max].
///
/// A modality with a faster rise of its score than the others gets a smaller term. A modality whose score has stopped
/// to rise gets ρ, whatever its score is. For two modalities the other one then gets 0: if the strong modality has
/// saturated, Δ_s = 0 freezes the weak one. ``Measure/level`` puts ε̄_i − ε̄(0) in place of Δ_i, at least 0.001. Then the
/// modality that has come less far gets the larger term, also when nothing rises any more.
///
/// For both measures the following holds. Before the clamp, the terms add up
/// to ρ(M − 1), so ρ also scales the learning rate. The neutral value ρ = M/(M − 1) makes their mean 1. If all Δ have
/// one sign, every B_i is in [0, ρ], hence the default B_max = ρ. If the denominator vanishes, every modality gets the
/// mean ρ(M − 1)/M. A single modality has B = 1.
///
/// The scores of a batch are noisy, and so are their differences. So ε may be an exponential average, ε̄(t) = s·ε̄(t−1)
/// + (1 − s)·ε(t), where s = 0 is the paper's form. The average does more than reduce noise, because Δ(t) = (1 −
/// s)(ε(t) − ε̄(t−1)). For s near 1, B_i depends less on the speed of a modality and more on its progress since ε̄(0).
/// Then ε̄(0) has to be the score of an untrained classifier. With ε̄(0) = 0, the score of pure chance counts as
/// progress of all modalities and makes all B_i similar.
///
/// ```swift
/// var terms = BalancingTerms(count: 2)
/// let step = terms.update([0.3, 0.1])
/// print(step.terms)  // about 0.5 and 1.5: the faster modality is slowed down
/// ```
public struct BalancingTerms: Equatable, Sendable {
  /// The terms of one step.
  public struct Step: Equatable, Sendable {
    /// The terms B_i.
    public var terms: [Double]
    /// For each modality, true if the clamp changed B_i.
    public var clamped: [Bool]
    /// True if ΣΔ vanished.
    public var isUndefined: Bool
  }

  /// The numbers that B_i is computed from.
  public enum Measure: String, Sendable, CaseIterable {
    /// The change of each score since the last step (as published).
    case progress
    /// The height of each score above ε(0).
    case level
  }

  /// The numbers that B_i is computed from.
  public var measure: Measure
  /// The factor ρ.
  public var rho: Double
  /// The bound B_max.
  public var limit: Double
  /// The smoothing s.
  public var smoothing: Double
  /// The averages ε̄, one for each modality.
  public internal(set) var scores: [Double]

  /// ε̄(0).
  private let start: Double

  /// The bound below which |ΣΔ| counts as 0. Scores are at most of the order of 1, so a smaller sum is rounding.
  static let smallestSum = 1e-8
  /// The smallest level. A score at or below ε̄(0) has not come far, and its level is noise.
  static let smallestLevel = 1e-3

  /// Makes the terms of a new run.
  /// - Parameters:
  ///   - count: M.
  ///   - rho: ρ; nil for M/(M − 1).
  ///   - limit: B_max; nil for ρ.
  ///   - smoothing: s, from 0 to below 1.
  ///   - start: ε̄(0).
  ///   - measure: what B_i is computed from.
  public init(
    count: Int, rho: Double? = nil, limit: Double? = nil, smoothing: Double = 0, start: Double = 0,
    measure: Measure = .progress
  ) {
    let neutral = count > 1 ? Double(count) / Double(count - 1) : 1
    self.rho = rho ?? neutral
    self.limit = limit ?? self.rho
    (self.smoothing, self.start, self.measure) = (smoothing, start, measure)
    scores = Array(repeating: start, count: count)
  }

  /// Adds the scores of a batch (higher is better) and computes the step's terms.
  public mutating func update(_ observed: [Double]) -> Step {
    let before = scores
    scores = zip(before, observed).map { smoothing * $0 + (1 - smoothing) * $1 }
    switch measure {
    case .progress: return terms(of: zip(scores, before).map { $0 - $1 })
    case .level: return terms(of: scores.map { max($0 - start, Self.smallestLevel) })
    }
  }

  /// Computes the terms of some differences Δ, or levels.
  public func terms(of changes: [Double]) -> Step {
    let count = changes.count
    let none = Array(repeating: false, count: count)
    guard count > 1 else { return Step(terms: changes.map { _ in 1 }, clamped: none, isUndefined: false) }
    let sum = changes.reduce(0, +)
    guard abs(sum) > Self.smallestSum else {
      let mean = min(limit, rho * Double(count - 1) / Double(count))
      return Step(terms: changes.map { _ in mean }, clamped: none, isUndefined: true)
    }
    let raw = changes.map { rho * (sum - $0) / sum }
    let terms = raw.map { min(max($0, 0), limit) }
    // A difference from rounding at the bounds does not count as clamped.
    let clamped = zip(raw, terms).map { abs($0 - $1) > 1e-9 * max(1, limit) }
    return Step(terms: terms, clamped: clamped, isUndefined: false)
  }
}
