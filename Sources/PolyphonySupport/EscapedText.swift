extension StringProtocol {
  /// Escapes control characters, and characters that change the direction of a text, as in a Swift literal: `\u{1B}`.
  package func escapingControls() -> String {
    var result = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "\t": result += "\\t"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      default:
        if scalar.isControl {
          result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result
  }

  /// Escapes like `escapingControls()`, and leaves the newlines of a text that has several lines.
  package func escapingControlsInLines() -> String {
    let lines = String(self).unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.map { String($0).escapingControls() }.joined(separator: "\n")
  }

  /// The text as a cell of CSV that no spreadsheet runs as a formula: an apostrophe stands in front of `=`, `+`, `-`,
  /// `@`, a tab and a carriage return, as OWASP advises.
  package func neutralizingFormula() -> String {
    let isFormula = unicodeScalars.first.map { "=+-@\t\r".unicodeScalars.contains($0) } ?? false
    return isFormula ? "'\(self)" : String(self)
  }
}

extension Unicode.Scalar {
  /// True for C0, DEL and C1, for the separators of lines and paragraphs, and for marks, overrides and isolates of
  /// direction. A terminal obeys some, and the others hide or reorder what a reader sees.
  package var isControl: Bool {
    switch value {
    case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}
