/// Student's t distribution.
public enum StudentT {
  /// The probability of a value at least as far from 0 as `t`, on either side: I_{ν/(ν+t²)}(ν/2, 1/2).
  ///
  /// - Returns: NaN for a `t` that is NaN, and for fewer than 1 degree of freedom.
  public static func twoSided(_ t: Double, degreesOfFreedom freedom: Double) -> Double {
    guard !t.isNaN, freedom >= 1 else { return .nan }
    // In this form neither a large nor a small t overflows or cancels.
    let square = t * t / freedom
    guard square.isFinite else { return 0 }
    return IncompleteBeta.regularized(1 / (1 + square), complement: square / (1 + square), a: freedom / 2, b: 0.5)
  }
}
