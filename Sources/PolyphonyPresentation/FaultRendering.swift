import PolyphonySupport

extension Fault {
  /// The fault as the program prints it: a line for what is wrong, and one for each of file, key, found, expected and
  /// remedy that is known.
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
  /// - Parameter isColored: Whether `error:` and `help:` are coloured with ANSI escapes.
  public func rendered(isColored: Bool = false) -> String {
    let color = { (text: String, code: Int) in isColored ? "\u{1B}[1;\(code)m\(text)\u{1B}[0m" : text }
    let details = [
      ("file:", file), ("key:", key), ("found:", found), ("expected:", expected), ("help:", remedy),
    ]
    var text = "\(color("error:", 31)) \(problem)\n"
    for case (let label, let detail?) in details {
      let padding = String(repeating: " ", count: 10 - label.count)
      // A text of several lines stays in its column.
      let lines = detail.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      let indented = lines.joined(separator: "\n" + String(repeating: " ", count: 12))
      text += "  \(label == "help:" ? color(label, 32) : label)\(padding)\(indented)\n"
    }
    return text
  }
}

extension Fault.Kind {
  /// The exit code of the program after such a fault (sysexits.h).
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
