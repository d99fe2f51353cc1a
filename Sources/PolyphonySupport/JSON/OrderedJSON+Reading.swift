extension OrderedJSON {
  /// The elements of a list. They are empty for anything else.
  package var elements: [OrderedJSON] { if case .array(let elements) = self { elements } else { [] } }

  /// The value of a finite number. It is nil for anything else.
  package var finite: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value.isFinite ? value : nil
    default: nil
    }
  }
}
