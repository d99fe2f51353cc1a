import Foundation
import OrderedCollections
import Polyphony
import PolyphonyPresentation

/// Comparisons in long form, with a line per condition, method and metric.
///
/// Numbers are written in full. An undefined or untested value is an empty cell, and `note` has the reason.
struct ComparisonCSV {
  let comparisons: [MethodComparison]

  private static let firstTitles = ["method", "metric", "better", "seeds"]

  init(_ comparisons: [MethodComparison]) { self.comparisons = comparisons }

  /// True for a file that begins with the titles of this form.
  static func isOne(_ file: String) -> Bool {
    guard let data = FileManager.default.contents(atPath: file) else { return false }
    let titles = String(decoding: data.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    return titles.contains(firstTitles.joined(separator: ","))
  }

  var text: String {
    let keys = Array(OrderedSet(comparisons.flatMap(\.conditions).flatMap { Array($0.parts.keys) }))
    let titles =
      Self.firstTitles + [
        "mean", "std", "best", "reference", "common_seeds", "difference",
        "standard_error", "t", "p", "p_holm", "comparisons", "significant", "note", "trained", "added", "total",
        "seconds",
      ]
    var table = TextTable((keys + titles).map { .init($0) })
    for comparison in comparisons {
      for condition in comparison.conditions {
        for method in comparison.methods {
          guard let entry = comparison[condition, method] else { continue }
          table.append(keys.map { condition.parts[$0] ?? "" } + cells(entry, comparison))
        }
      }
    }
    return table.csv()
  }

  private func cells(_ entry: MethodComparison.Entry, _ comparison: MethodComparison) -> [String] {
    func number(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
    let test = entry.test
    let scores = [
      entry.row.name, comparison.metric, comparison.direction == .higherIsBetter ? "higher" : "lower",
      "\(entry.row.seeds.count)", number(entry.scores.mean), number(entry.scores.standardDeviation),
      entry.isBest ? "yes" : "no",
    ]
    let differences = [
      test == nil ? "" : comparison.reference, test.map { "\($0.seeds.count)" } ?? "", number(test?.difference),
      number(test?.standardError), number(test?.statistic), number(test?.p), number(entry.adjusted),
      test == nil ? "" : "\(comparison.tested)", entry.adjusted == nil ? "" : entry.isSignificant ? "yes" : "no",
    ]
    let undefined = entry.scores.mean == nil ? "undefined" : nil
    let count = entry.row.parameters
    let counts = [count?.trainable, count?.added, count?.total].map { $0.map(String.init) ?? "" }
    return scores + differences + [undefined ?? test?.obstacle?.rawValue ?? ""] + counts + [number(entry.row.seconds)]
  }
}
