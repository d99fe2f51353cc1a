import Testing
import Torch

/// Expects equal shapes, and every difference to be at most `relative` times the largest expected magnitude.
///
/// Below 1e-5 a number is zero: the gradient of the keys' bias, for example, consists of rounding alone.
/// - Returns: The largest difference as a share of the largest expected magnitude, at most `relative` if it is close.
@discardableResult
func expectClose(
  _ actual: Tensor, _ expected: Tensor, relative: Double, _ name: String,
  sourceLocation: SourceLocation = #_sourceLocation
) -> Double {
  guard actual.shape == expected.shape else {
    Issue.record("\(name): shape \(actual.shape) instead of \(expected.shape)", sourceLocation: sourceLocation)
    return .infinity
  }
  let (found, wanted) = (actual.doubles, expected.doubles)
  let scale = wanted.map(abs).max() ?? 0
  let worst = zip(found, wanted).map { abs($0 - $1) }.max() ?? 0
  let share = worst / max(scale, 1e-5 / relative)
  // A difference with NaN is no number, and so no such comparison holds.
  guard share <= relative, found.allSatisfy(\.isFinite) else {
    Issue.record("\(name): off by \(worst) where the largest is \(scale)", sourceLocation: sourceLocation)
    return .infinity
  }
  return share
}
