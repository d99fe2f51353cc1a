import PolyphonySupport

extension Fault {
  /// Returns the fault as the program prints it.
  ///
  /// The first line describes the problem. File, key, found, expected and remedy follow with a line each, if they are
  /// known:
  ///
  /// ```
  /// error: an unknown key
  ///   file:     recipe.yaml:12
  ///   key:      training.epohcs
  ///   found:    `epohcs`
  ///   expected: one of epochs, rate, seed
  ///   help:     did you mean `epochs`?
  /// ```
  ///
  /// Of a long `found`, the first 200 characters are printed. Control characters are escaped in every part, since file
  /// names and the contents of files may have some that change the terminal.
  ///
  /// - Parameter isColored: True if ANSI escapes colour `error:` and `help:`.
  public func rendered(isColored: Bool = false) -> String {
    let color = { (text: String, code: Int) in isColored ? "\u{1B}[1;\(code)m\(text)\u{1B}[0m" : text }
    let details = [
      ("file:", file), ("key:", key), ("found:", found.map(Self.shortened)), ("expected:", expected),
      ("help:", remedy),
    ]
    var text = "\(color("error:", 31)) \(Self.lines(problem).joined(separator: "\n  "))\n"
    for case (let label, let detail?) in details {
      let padding = String(repeating: " ", count: 10 - label.count)
      // The lines of a multi-line text stay in its column.
      let indented = Self.lines(detail).joined(separator: "\n" + String(repeating: " ", count: 12))
      text += "  \(label == "help:" ? color(label, 32) : label)\(padding)\(indented)\n"
    }
    return text
  }

  /// The largest number of characters of `found` in the program's output.
  static let longestFound = 200

  /// Cuts a long text, and marks the cut with «…».
  private static func shortened(_ text: String) -> String {
    // Scalars are counted, since one letter may carry any number of accents.
    let scalars = text.unicodeScalars
    guard scalars.count > longestFound else { return text }
    return String(scalars.prefix(longestFound)) + "…"
  }

  /// Splits a text into lines, and escapes its control characters.
  private static func lines(_ text: String) -> [String] {
    text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }.map { $0.escapingControls() }
  }
}

extension Fault.Kind {
  /// The program's exit code after such a fault (sysexits.h).
  public var exitCode: Int32 {
    switch self {
    case .usage: 64
    case .badData: 65
    case .missingInput: 66
    case .failure: 70
    case .cannotWrite: 73
    }
  }
}
