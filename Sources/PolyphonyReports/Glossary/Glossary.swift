import OrderedCollections
import Polyphony
import PolyphonyPresentation

/// The names of a report's tables with their meanings: methods, strategies, missing data and corruptions.
struct Glossary {
  /// The meanings in the order of the list below a table.
  private(set) var entries: OrderedDictionary<String, String> = [:]
  /// The meanings of names and conditions as they stand in tables.
  private var meanings: [String: String] = [:]

  /// Collects the names of a report. A name without a known meaning has no entry.
  init(_ content: ReportContent) {
    let runs = content.source.comparison?.runs ?? []
    for method in OrderedSet(content.rows.map(\.name)) {
      let stages = runs.first { $0.method == method }?.stages ?? []
      // A comparison names its methods itself. So its stages say what they are.
      let isCourse = stages.count > 1 || stages.contains { $0.method != method }
      if isCourse {
        let course = stages.map { "\($0.kind) with \($0.method)" }.joined(separator: ", then ")
        add(method, "the course: \(course)")
      } else if let meaning = Meanings.method(method) {
        add(method, meaning)
      }
    }
    for name in OrderedSet(runs.flatMap(\.stages).map(\.method)) where !entries.keys.contains(name) {
      if let meaning = Meanings.method(name) { entries[name] = meaning }
    }
    // The method of a stage may have the name of a whole course, such as `lora`.
    for name in OrderedSet(runs.flatMap(\.stages).map(\.method)) {
      guard let course = entries[name], course.hasPrefix("the course"), let meaning = Meanings.method(name) else {
        continue
      }
      add(name, "\(course) (\(meaning))")
    }
    for condition in OrderedSet(content.rows.map { ScoreCondition($0) }) {
      if let text = condition.parts["missing"], let found = Meanings.missing(text) { add(text, found) }
      if let text = condition.parts["shift"], let found = Meanings.shift(text) { add(text, found) }
    }
    // A contrast may average over a range of rates, such as `sample:0.1...0.9`.
    for text in (content.source.comparison?.contrasts ?? []).compactMap(\.under) {
      let first = text.components(separatedBy: "...")[0]
      if let found = Meanings.missing(first) ?? Meanings.shift(first) { add(text, found) }
    }
  }

  private mutating func add(_ name: String, _ meaning: String) {
    entries[name] = meaning
    meanings[name] = meaning
  }

  private mutating func add(_ name: String, _ found: (form: String, meaning: String)) {
    entries[found.form] = found.meaning
    meanings[name] = "\(found.form): \(found.meaning)"
  }

  /// Returns the meaning of a table's text: a name, or conditions separated by commas. Nil for any other text.
  func meaning(of text: String) -> String? {
    if let whole = meanings[text] { return whole }
    let parts = text.components(separatedBy: ", ")
    let known = parts.compactMap { part in meanings[part] }
    return parts.count > 1 && !known.isEmpty ? known.joined(separator: "; ") : nil
  }

  /// The list of names and meanings. It is open if it is short, and empty without entries.
  var html: HTML {
    guard !entries.isEmpty else { return .empty }
    let list = HTML("dl", ["class": "glossary"]) {
      for entry in entries {
        HTML("dt") { entry.key }
        HTML("dd") { entry.value }
      }
    }
    let title = HTML("summary") { "What the names mean" }
    return entries.count <= 6
      ? HTML("details", ["open": "open"]) {
        title
        list
      }
      : HTML("details") {
        title
        list
      }
  }
}
