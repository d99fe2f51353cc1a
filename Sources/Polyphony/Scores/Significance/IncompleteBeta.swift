import Foundation

/// The regularised incomplete beta function. The tails of Student's t distribution are a special case of it.
public enum IncompleteBeta {
  /// I_x(a, b) = ∫₀ˣ t^(a−1) (1−t)^(b−1) dt / B(a, b).
  ///
  /// It uses the continued fraction (NIST Digital Library of Mathematical Functions 8.17.22) with Lentz's method, and
  /// beyond the mean I_x(a, b) = 1 − I_{1−x}(b, a). The relative error stays below 1e-10 for a, b up to a million.
  /// - Parameters:
  ///   - a: above 0.
  ///   - b: above 0.
  ///   - x: 0 to 1.
  ///   - complement: 1 − x, for callers with a more accurate value than the subtraction.
  /// - Returns: NaN for x outside 0 to 1, and for a or b that is not above 0.
  public static func regularized(_ x: Double, complement: Double? = nil, a: Double, b: Double) -> Double {
    let y = complement ?? 1 - x
    guard a > 0, b > 0, (0...1).contains(x), (0...1).contains(y) else { return .nan }
    if x == 0 { return 0 }
    if y == 0 { return 1 }
    let front = exp(a * logarithm(x, y) + b * logarithm(y, x) - logBeta(a, b))
    return x < (a + 1) / (a + b + 2) ? front * fraction(x, a, b) / a : 1 - front * fraction(y, b, a) / b
  }

  /// ln B(a, b) = ln Γ(a) + ln Γ(b) − ln Γ(a + b).
  ///
  /// From 10 on it uses Stirling's series, whose large terms cancel in the formula instead of in the last digits.
  static func logBeta(_ a: Double, _ b: Double) -> Double {
    let (p, q) = (min(a, b), max(a, b))
    guard q >= 10 else { return lgamma(p) + lgamma(q) - lgamma(p + q) }
    // ln Γ(q) − ln Γ(p + q) + p
    let rest = correction(q) - correction(p + q) - (q - 0.5) * log1p(p / q)
    if p < 10 { return lgamma(p) + rest + p - p * log(p + q) }
    return 0.5 * log(2 * .pi) - 0.5 * log(p) + correction(p) + p * log(p / (p + q)) + rest
  }

  /// ln x, computed from 1 − x where that is more accurate.
  private static func logarithm(_ x: Double, _ complement: Double) -> Double { x > 0.5 ? log1p(-complement) : log(x) }

  /// The difference between ln Γ(x) and Stirling's formula, for x of 10 and more.
  private static func correction(_ x: Double) -> Double {
    let inverse = 1 / (x * x)
    return stirling.reversed().reduce(0.0) { (sum: Double, term: Double) -> Double in sum * inverse + term } / x
  }

  /// The terms of Stirling's series, B₂ₖ / (2k (2k − 1)), from k = 1 on.
  private static let stirling: [Double] = [
    1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188, -691.0 / 360_360, 1.0 / 156,
  ]

  private static func fraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
    let tiny = 1e-300
    func guarded(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
    var c = 1.0
    var d = 1 / guarded(1 - (a + b) * x / (a + 1))
    var value = d
    // The loop needs about √max(a, b) rounds.
    for round in 1...100_000 {
      let m = Double(round)
      let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
      d = 1 / guarded(1 + even * d)
      c = guarded(1 + even / c)
      value *= d * c
      let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
      d = 1 / guarded(1 + odd * d)
      c = guarded(1 + odd / c)
      let factor = d * c
      value *= factor
      if abs(factor - 1) < 1e-15 { break }
    }
    return value
  }
}
