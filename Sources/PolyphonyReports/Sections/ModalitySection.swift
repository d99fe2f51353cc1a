import Foundation
import OrderedCollections
import Polyphony
import PolyphonyPresentation

/// The section of the value of each modality: alone, left out, its Shapley value, and a probe of its encoder.
enum ModalitySection {
  static func make(_ content: ReportContent) -> ReportSection? {
    let rows = content.rows.filter { !modalities($0).isEmpty }
    guard !rows.isEmpty, let metric = content.metric else { return nil }
    let keys = ScoreCondition.distinguishing(rows.map { ScoreCondition($0) })
    let bodies = OrderedDictionary(grouping: rows) { ScoreCondition($0) }.map { condition, members in
      HTML([
        keys.isEmpty ? .empty : HTML("h3") { condition.name(keys) },
        HTML.table(table(members), content.glossary),
        summary(members),
        HTML.figures(figures(members, metric)),
      ])
    }
    let note =
      "alone: \(metric) with this modality only; without: with all others; Shapley: its share of what all modalities "
      + "gain over the best constant answer, positive where it helps; probe: a linear map of its encodings; gradient: the root mean square of the gradient that "
      + "its own parameters get on the training split."
    return ReportSection(
      id: "modalities", title: "What each modality is worth", body: HTML(bodies + [HTML.notes([note])]))
  }

  /// Describes how far apart the modalities are, as each metric of ``PerModalityMetrics/summary`` says it.
  private static func summary(_ rows: [ResultsDocument.Row]) -> HTML {
    let meanings = [
      (PerModalityMetrics.gap, "From the worst to the best modality alone"),
      (PerModalityMetrics.equity, "Evenness of the Shapley values (1: all help alike, 0: one alone does)"),
      (PerModalityMetrics.imbalance, "Spread of the gradients over the modalities (0: all learn at one pace)"),
    ]
    return HTML.notes(
      meanings.compactMap { name, meaning in
        let scores = rows.compactMap { row in row.metrics[name].flatMap { $0.mean == nil ? nil : (row.name, $0) } }
        let numbers = NumberText(scores.compactMap(\.1.mean))
        let parts = scores.map { "\($0) \(numbers.text($1))" }
        return parts.isEmpty ? nil : "\(meaning): \(Words.list(parts))."
      })
  }

  private static func modalities(_ row: ResultsDocument.Row) -> [String] {
    Array(OrderedSet(row.metrics.keys.compactMap { PerModalityMetrics.place(of: $0)?.modality }))
  }

  private static func scores(_ row: ResultsDocument.Row, _ modality: String, _ kind: PerModalityMetrics.Kind)
    -> Aggregate?
  {
    row.metrics[PerModalityMetrics.name(modality, kind)]
  }

  private static func numbers(_ rows: [ResultsDocument.Row]) -> NumberText {
    NumberText(
      rows.flatMap { $0.metrics.filter { PerModalityMetrics.place(of: $0.key) != nil }.values.compactMap(\.mean) })
  }

  /// Makes a table with a row per method and modality.
  private static func table(_ rows: [ResultsDocument.Row]) -> ScoreTable {
    let numbers = numbers(rows)
    let kinds = PerModalityMetrics.Kind.allCases.filter { kind in
      rows.contains { row in modalities(row).contains { scores(row, $0, kind) != nil } }
    }
    var table = ScoreTable(
      title: "", columns: [.init("method"), .init("modality")] + kinds.map { .init($0.title, .right) })
    for row in rows {
      if !table.rows.isEmpty { table.groups.insert(table.rows.count) }
      for (index, modality) in modalities(row).enumerated() {
        table.rows.append(
          ([index == 0 ? row.name : "", modality]
            + kinds.map { scores(row, modality, $0).map { numbers.text($0) } ?? "" })
            .map { ScoreTable.Cell($0) })
      }
    }
    return table
  }

  /// Draws bars for one or two methods, and a map for more.
  private static func figures(_ rows: [ResultsDocument.Row], _ metric: String) -> [HTML] {
    let numbers = numbers(rows)
    guard rows.count > 2 else { return rows.flatMap { bars($0, metric, numbers, isOnly: rows.count == 1) } }
    let names = Array(OrderedSet(rows.flatMap(modalities)))
    let map = HeatMap(
      "Shapley values", rows: names, columns: rows.map(\.name),
      values: names.map { name in rows.map { scores($0, name, .shapley)?.mean } }, middle: 0,
      format: { numbers.text($0) })
    return [HTML.figure("Shapley values: blue helps, orange harms", map.drawing(.page), isWide: true)]
  }

  private static func bars(_ row: ResultsDocument.Row, _ metric: String, _ numbers: NumberText, isOnly: Bool) -> [HTML]
  {
    let names = modalities(row)
    let suffix = isOnly ? "" : ", \(row.name)"
    let present =
      [BarChart.Bar("all", row.metrics[metric]?.mean)]
      + names.map { BarChart.Bar("only \($0)", scores(row, $0, .alone)?.mean, group: 1) }
      + names.map { BarChart.Bar("without \($0)", scores(row, $0, .without)?.mean, group: 2) }
    let values = present.compactMap(\.value)
    // Scores of at most 1 are drawn on a scale up to 1.
    var first = BarChart(
      "\(metric) by the modalities present", present,
      maximum: max(values.max() ?? 1, (values.max() ?? 0) > 0.25 ? 1 : 0)
    ) {
      numbers.text($0)
    }
    if (values.max() ?? 0) > 1 { first.maximum = values.max() ?? 1 }
    first.minimum = min(0, values.min() ?? 0)
    let shapley = names.map { BarChart.Bar($0, scores(row, $0, .shapley)?.mean) }
    var second = BarChart(
      "Shapley values of \(metric)", shapley, maximum: max(1e-9, shapley.compactMap(\.value).max() ?? 1)
    ) {
      numbers.text($0, signed: true)
    }
    second.minimum = min(0, shapley.compactMap(\.value).min() ?? 0)
    return [
      HTML.figure("\(metric) by the modalities present\(suffix)", first.drawing(.page)),
      HTML.figure("Shapley values of \(metric)\(suffix)", second.drawing(.page)),
    ]
  }
}

extension PerModalityMetrics.Kind {
  fileprivate var title: String { self == .shapley ? "Shapley" : rawValue }
}
