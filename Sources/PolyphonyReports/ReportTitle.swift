import Polyphony

/// The title of a report, from its command, methods and data.
struct ReportTitle {
  /// The title as text.
  let text: String

  init(_ content: ReportContent) {
    let methods = content.main?.methods ?? []
    let kind =
      switch content.command {
      case "train": "Training"
      case "tune": "Tuning"
      case "adapt": "Adaptation"
      case "evaluate": "Evaluation"
      case "transfer": "Transfer"
      case "compare": "Comparison"
      case "run": "Run"
      case "demo": "Demo"
      default: content.source.document == nil ? "An unfinished run" : "Results of \(content.command)"
      }
    let what =
      methods.count == 1 ? ": \(methods[0])" : methods.count > 1 ? " of \(methods.count) methods" : ""
    let on = content.data.isEmpty ? "" : " on \(Words.list(content.data, limit: 4))"
    text = methods.count == 1 ? kind + on + what : kind + what + on
  }
}

/// Phrases for readers.
enum Words {
  /// Writes a list such as `a, b and c`, and beyond a limit such as `a, b and 7 more`.
  static func list(_ words: [String], limit: Int = 12) -> String {
    if words.count <= 1 { return words.first ?? "" }
    if words.count > limit {
      return words.prefix(limit - 1).joined(separator: ", ") + " and \(words.count - limit + 1) more"
    }
    return words.dropLast().joined(separator: ", ") + " and \(words[words.count - 1])"
  }

  /// Writes a count such as `1 seed` or `5 seeds`.
  static func count(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }

  /// Writes counts such as `5 seeds` or `3 to 5 seeds`.
  static func range(_ numbers: some Collection<Int>, _ word: String) -> String {
    let (least, most) = (numbers.min() ?? 0, numbers.max() ?? 0)
    return least == most ? count(most, word) : "\(least) to \(count(most, word))"
  }

  /// Writes seeds such as `0–4` or `0, 2, 7`.
  static func seeds(_ seeds: [Int]) -> String {
    let sorted = Set(seeds).sorted()
    guard let first = sorted.first, let last = sorted.last, sorted.count > 2, last - first == sorted.count - 1 else {
      return list(sorted.map(String.init))
    }
    return "\(first)–\(last)"
  }
}
