/// The balancing terms B_i of CGGM (arXiv 2411.01409, eq. 6 and 7), with a guard against a vanishing denominator.
///
/// With Δ_i = ε_i(t) − ε_i(t−1), ε(0) = 0:
///
/// B_i = ρ · Σ_{k≠i} Δ_k / Σ_k Δ_k, clamped to [0, B_max].
///
/// A modality whose score rises faster than the others' gets a smaller term. The terms add up to ρ(M − 1) before they
/// are clamped, so ρ scales the learning rate too; ρ = M/(M − 1) makes their mean 1 and is the neutral value. Where all
/// Δ have one sign, every B_i lies in [0, ρ] by itself: that is the default B_max. Where the denominator vanishes the
/// formula says nothing, and every modality gets the mean ρ(M − 1)/M. With one modality there is nothing to balance:
/// B = 1.
///
/// Scores of a batch are noisy, and so are their differences: ε may be an exponential average,
/// ε̄(t) = s·ε̄(t−1) + (1 − s)·ε(t); s = 0 is the paper. What s does is not only to quieten: Δ(t) = (1 − s)(ε(t) − ε̄(t−1)),
/// so the nearer s is to 1, the less B_i says how fast a modality rises, and the more how far it has come since ε̄(0).
/// For that ε̄(0) has to be what an untrained classifier scores; from 0, the share that chance alone scores counts as
/// progress of all modalities and draws all B_i together.
public struct BalancingTerms: Equatable, Sendable {
  /// What one step came to.
  public struct Step: Equatable, Sendable {
    /// B_i.
    public var terms: [Double]
    /// Whether the clamp changed B_i.
    public var clamped: [Bool]
    /// Whether ΣΔ vanished.
    public var isUndefined: Bool
  }

  /// ρ.
  public var rho: Double
  /// B_max.
  public var limit: Double
  /// s.
  public var smoothing: Double
  /// ε̄, one for each modality.
  public internal(set) var scores: [Double]

  /// Below this |ΣΔ| counts as 0. Scores are at most of the order of 1, so this is rounding.
  static let smallestSum = 1e-8

  /// Terms at their start.
  /// - Parameters:
  ///   - count: M.
  ///   - rho: ρ; nil for M/(M − 1).
  ///   - limit: B_max; nil for ρ.
  ///   - smoothing: s, 0 to below 1.
  ///   - start: ε̄(0).
  public init(
    count: Int, rho: Double? = nil, limit: Double? = nil, smoothing: Double = 0, start: Double = 0
  ) {
    let neutral = count > 1 ? Double(count) / Double(count - 1) : 1
    self.rho = rho ?? neutral
    self.limit = limit ?? self.rho
    self.smoothing = smoothing
    scores = Array(repeating: start, count: count)
  }

  /// Takes in the scores of a batch (higher is better) and gives the step's terms.
  public mutating func update(_ observed: [Double]) -> Step {
    let before = scores
    scores = zip(before, observed).map { smoothing * $0 + (1 - smoothing) * $1 }
    return terms(of: zip(scores, before).map { $0 - $1 })
  }

  /// The terms of some Δ.
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
    // Rounding at the bounds is no clamping.
    let clamped = zip(raw, terms).map { abs($0 - $1) > 1e-9 * max(1, limit) }
    return Step(terms: terms, clamped: clamped, isUndefined: false)
  }
}
