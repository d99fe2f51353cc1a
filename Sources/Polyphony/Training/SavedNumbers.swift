/// Checks of the numbers in a checkpoint's `state.json`.
struct SavedNumbers {
  /// The file, for errors.
  let file: String

  /// Requires a number from a range.
  func check<Value: Comparable>(_ key: String, _ value: Value, in range: ClosedRange<Value>) throws(Fault) {
    try require(
      range.contains(value), key, value,
      range.lowerBound == range.upperBound ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)")
  }

  /// Requires finite numbers.
  func checkFinite(_ key: String, _ values: Double?...) throws(Fault) {
    for case let value? in values { try require(value.isFinite, key, value, "a finite number") }
  }

  /// Requires a condition.
  func require(_ condition: Bool, _ key: String, _ found: Any, _ expected: String) throws(Fault) {
    guard !condition else { return }
    throw Fault(
      .badData, "the checkpoint's state makes no sense", file: file, key: key, found: "\(found)", expected: expected,
      remedy: CheckpointFolder.remedy)
  }
}
