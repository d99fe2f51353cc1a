import Testing
import Torch

/// Expects equal shapes, and every difference to be at most `relative` times the largest expected magnitude.
///
/// NaN is close only to NaN, and an infinity only to itself. The message names the worst element.
func expectClose(
  _ actual: Tensor, _ expected: Tensor, relative: Double = 1e-6, _ name: String = "tensor",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.shape == expected.shape else {
    Issue.record("\(name): shape \(actual.shape) instead of \(expected.shape)", sourceLocation: sourceLocation)
    return
  }
  let (found, wanted) = (actual.doubles, expected.doubles)
  if let message = difference(found, wanted, shape: expected.shape, relative: relative) {
    Issue.record("\(name): \(message)", sourceLocation: sourceLocation)
  }
}

/// Expects every number to be close, as ``expectClose(_:_:relative:_:sourceLocation:)-(Tensor,_,_,_,_)`` does.
func expectClose(
  _ actual: [Double], _ expected: [Double], relative: Double = 1e-6, _ name: String = "list",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.count == expected.count else {
    Issue.record("\(name): \(actual.count) elements, not \(expected.count)", sourceLocation: sourceLocation)
    return
  }
  if let message = difference(actual, expected, shape: [expected.count], relative: relative) {
    Issue.record("\(name): \(message)", sourceLocation: sourceLocation)
  }
}

/// Describes the worst element. Nil if all elements are close.
private func difference(_ found: [Double], _ wanted: [Double], shape: [Int], relative: Double) -> String? {
  let scale = wanted.lazy.filter(\.isFinite).map(abs).max() ?? 0
  var worst = (index: 0, error: 0.0)
  for (index, (left, right)) in zip(found, wanted).enumerated() {
    let same = left == right || (left.isNaN && right.isNaN)
    let error = same ? 0 : left.isFinite && right.isFinite ? abs(left - right) : .infinity
    if error > worst.error { worst = (index, error) }
  }
  guard worst.error > relative * scale else { return nil }
  var place: [Int] = []
  var rest = worst.index
  for size in shape.reversed() {
    place.insert(rest % size, at: 0)
    rest /= size
  }
  return "\(found[worst.index]) instead of \(wanted[worst.index]) at \(place): off by \(worst.error), "
    + "\(worst.error / scale) of the largest magnitude \(scale), at most \(relative) allowed"
}
