import Polyphony

/// The target as `--target` names it: a key, several keys, or columns of an array.
struct TargetChoice: Equatable, CustomStringConvertible {
  /// The keys, each of which is a target if there are several.
  var keys: [String]
  /// The columns of the only key, counted from 0. It is nil for all of them.
  var columns: [Int]?

  /// Makes a choice of one key.
  init(key: String) { keys = [key] }

  /// Reads `KEY`, `KEY:3`, `KEY:0,3` or `A,B,C`. The name of a column is always that column, whatever it contains.
  /// - Throws: `Fault(.usage)` for a key or a column that is named twice.
  init(parsing text: String, among names: [String]) throws(Fault) {
    keys = [text]
    guard !names.contains(text) else { return }
    if let colon = text.lastIndex(of: ":") {
      let parts = text[text.index(after: colon)...].split(separator: ",", omittingEmptySubsequences: false)
      let places = parts.compactMap { Int($0) }.filter { $0 >= 0 }
      if places.count == parts.count { (keys, columns) = ([String(text[..<colon])], places) }
    } else {
      keys = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    let parts = columns.map { $0.map(String.init) } ?? keys
    for (index, part) in parts.enumerated() where parts[..<index].contains(part) {
      throw Fault(
        .usage, "a target is named twice", key: "--target", found: "\(part) in \(text)",
        expected: "different columns")
    }
  }

  /// The choice in the words of the option.
  var description: String {
    keys.joined(separator: ",") + (columns.map { ":" + $0.map(String.init).joined(separator: ",") } ?? "")
  }
}
