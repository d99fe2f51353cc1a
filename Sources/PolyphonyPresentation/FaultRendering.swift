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
  /// - Parameter isColored: True if ANSI escapes colour `error:` and `help:`.
  public func rendered(isColored: Bool = false) -> String {
    let color = { (text: String, code: Int) in isColored ? "\u{1B}[1;\(code)m\(text)\u{1B}[0m" : text }
    let details = [
      ("file:", file), ("key:", key), ("found:", found), ("expected:", expected), ("help:", remedy),
    ]
    var text = "\(color("error:", 31)) \(problem)\n"
    for case (let label, let detail?) in details {
      let padding = String(repeating: " ", count: 10 - label.count)
      // The lines of a multi-line text stay in its column.
      let lines = detail.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      let indented = lines.joined(separator: "\n" + String(repeating: " ", count: 12))
      text += "  \(label == "help:" ? color(label, 32) : label)\(padding)\(indented)\n"
    }
    return text
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
