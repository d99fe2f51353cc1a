import PolyphonySupport

extension SettingsTree {
  /// The tree as JSON on one line with keys in alphabetical order. Settings in another order give the same text.
  package var canonical: String { json.sorted.text(.line) }

  /// The tree as JSON. Plain scalars become numbers, truth values or null if they read as such, and all others strings.
  public var json: OrderedJSON {
    switch content {
    case .map(let members): .object(members.map { .init($0.key, $0.value.json) })
    case .list(let elements): .array(elements.map(\.json))
    case .scalar(let scalar):
      if scalar.isNull {
        .null
      } else if let integer = scalar.int {
        .integer(integer)
      } else if let number = scalar.double, number.isFinite {
        .number(number)
      } else if let truth = scalar.bool {
        .bool(truth)
      } else {
        .string(scalar.text)
      }
    }
  }
}

extension OrderedJSON {
  /// The same value, with the members of all objects in alphabetical order.
  fileprivate var sorted: OrderedJSON {
    switch self {
    case .object(let members):
      .object(members.map { .init($0.key, $0.value.sorted) }.sorted { $0.key < $1.key })
    case .array(let elements): .array(elements.map(\.sorted))
    default: self
    }
  }
}
