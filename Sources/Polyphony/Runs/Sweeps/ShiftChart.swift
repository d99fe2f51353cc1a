import Foundation
import OrderedCollections

/// A line chart of the scores of a ``ShiftSweep`` over severities.
public enum ShiftChart {
  /// Draws a line for each method, averaged over kinds of shifts. For a single method it draws a line for each kind.
  ///
  /// Bands are the standard deviation over seeds. The metric is the first one of the rows.
  /// - Returns: nil if no row has the condition `shift` and a metric.
  public static func chart(_ rows: [RunResult]) -> LineChart? {
    let shifted = rows.compactMap { row in
      (row.conditions["shift"].flatMap { try? Shift(named: $0) }).map { (row: row, shift: $0) }
    }
    guard let metric = shifted.first?.row.aggregates.keys.first else { return nil }
    let names = OrderedSet(shifted.map(\.row.name))
    let groups = OrderedDictionary(grouping: shifted) { names.count > 1 ? $0.row.name : $0.shift.family }
    let series = groups.map { name, members in
      let bySeverity = Dictionary(grouping: members, by: \.shift.severity)
      return LineChart.Series(
        name,
        bySeverity.keys.sorted().map { severity in
          let mean = ShiftSweep.means(bySeverity[severity, default: []].map { $0.row.named(name) }).first
          let score = mean?.aggregates[metric]
          return .init(Double(severity), score?.mean, spread: score?.standardDeviation)
        })
    }
    let kinds = OrderedSet(shifted.map(\.shift.family)).joined(separator: ", ")
    let title = names.count > 1 ? "Under shifts (\(kinds))" : "\(names[0]) under shifts"
    return LineChart(title, x: "severity", y: metric, Array(series))
  }
}

extension RunResult {
  fileprivate func named(_ name: String) -> RunResult {
    var result = self
    result.name = name
    return result
  }
}
