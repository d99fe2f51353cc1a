import Polyphony

/// A field of a table as a number, a missing cell or a text.
enum CSVField: Equatable {
  case number(Float)
  case missing
  case text

  private static let missingMarks: Set<String> = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"]

  /// Reads a field. pandas writes truth values as `True` and `False`, which are 1 and 0.
  init(_ text: String) {
    if let value = Float(text) {
      self = value.isNaN ? .missing : .number(value)
      return
    }
    let text = Self.trimmed(text)
    if Self.missingMarks.contains(text) {
      self = .missing
    } else if let value = Float(text) {
      self = value.isNaN ? .missing : .number(value)
    } else if text == "True" || text == "False" {
      self = .number(text == "True" ? 1 : 0)
    } else {
      self = .text
    }
  }

  /// Returns true for a number such as `1,5`, which a point would make one.
  static func hasDecimalComma(_ text: String) -> Bool {
    let parts = trimmed(text).split(separator: ",", omittingEmptySubsequences: false)
    return parts.count == 2 && Float(parts.joined(separator: ".")) != nil && parts[1].allSatisfy(\.isNumber)
  }

  /// Removes white space at both ends.
  static func trimmed(_ text: String) -> String {
    String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
