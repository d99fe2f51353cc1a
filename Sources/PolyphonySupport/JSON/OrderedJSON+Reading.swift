extension OrderedJSON {
  /// The elements of a list. They are empty for anything else.
  package var elements: [OrderedJSON] { if case .array(let elements) = self { elements } else { [] } }

  /// The value of a number of samples, 0 to 2³². It is nil for anything else. So sums over a file's counts cannot
  /// overflow.
  package var count: Int? {
    guard case .integer(let value) = self, (0...1 << 32).contains(value) else { return nil }
    return value
  }

  /// The value of a finite number. It is nil for anything else.
  package var finite: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value.isFinite ? value : nil
    default: nil
    }
  }
}
