import Torch

/// The affine map of each feature that takes a target's samples to their strata's source means.
///
/// The map u = a·x + b of a feature is the likeliest one under u ~ N(μ_k, v) for samples of stratum k, with μ_k and v of
/// the source. So a and b minimise
///
/// ½ Σ_nk r_nk (a x_n + b − μ_k)² / v − Σ_nk r_nk log a,
///
/// where the logarithm is that of the map's Jacobian. n₀ samples of the source, which the map leaves as they are, take
/// part in the sums. With bars for means over all of them,
///
/// A = mean(x²) − x̄², B = mean(xμ) − x̄ μ̄, a = (B + √(B² + 4Av)) / 2A, b = μ̄ − a x̄.
///
/// With one stratum B is 0, and the map matches mean and variance. An a below 1 becomes 1: features that vary more than
/// before may carry noise, which no map undoes, and a map that shrinks them takes the signal away too.
enum AffineFit {
  /// A floor of variances. A feature that is constant in both keeps a = 1.
  private static let floor = 1e-3
  /// The largest a.
  private static let mostScale = 10.0

  /// Fits the maps of a modality.
  /// - Parameters:
  ///   - sums: the sums of the target, before the map.
  ///   - source: the source's moments.
  ///   - shares: the source's shares of the strata, `[K]`.
  ///   - strength: n₀.
  /// - Returns: a and b, `[S, D]` f64 each.
  static func map(
    _ sums: MomentSums, to source: SourceMoments.Features, shares: Tensor, strength: Double
  ) -> (scale: Tensor, shift: Tensor) {
    let mean = source.mean
    let prior = shares.reshaped(-1, 1, 1) * strength
    let total = sums.count.sum(0) + strength
    let variance = source.variance + floor
    // Means over the target's samples and n₀ of the source.
    let x = (sums.sum.sum(0) + (prior * mean).sum(0)) / total
    let square = (sums.square + source.variance * strength + (prior * mean.squared()).sum(0)) / total
    let target = ((sums.count + prior) * mean).sum(0) / total
    let product = (sums.sum * mean + prior * mean.squared()).sum(0) / total
    let spread = (square - x.squared()).clamped(0, nil) + floor
    let covariance = product - x * target
    let root = (covariance.squared() + 4 * (spread * variance)).sqrt()
    let scale = ((covariance + root) / (spread * 2)).clamped(1, mostScale)
    return (scale, target - scale * x)
  }
}
