import Polyphony
import PolyphonyPresentation

/// The section of scores, differences and p-values.
enum ScoresSection {
  static func make(_ content: ReportContent) -> ReportSection? {
    guard let tables = content.tables, let main = content.main else { return nil }
    let table = ScoreTable(main)
    let isSingle = main.conditions.count == 1
    return ReportSection(
      id: "scores", title: "Scores",
      body: HTML([
        HTML("h3") { table.title }, HTML.table(table), HTML.notes(table.notes),
        isSingle ? .empty : differences(main), isSingle ? single(tables, main) : further(tables),
      ]))
  }

  /// Makes a table with a line per comparison.
  private static func differences(_ main: MethodComparison) -> HTML {
    guard main.methods.count > 1 else { return .empty }
    let table = DifferencesTable(main).table
    let body = HTML([HTML.table(table), HTML.notes(table.notes)])
    let title = "Differences from \(main.reference)"
    return table.rows.count > 24
      ? HTML.folded("\(title): \(table.rows.count) comparisons") { body } : HTML([HTML("h3") { title }, body])
  }

  private static func single(_ tables: ComparisonTables, _ main: MethodComparison) -> HTML {
    guard tables.comparisons.count > 1 else { return .empty }
    let table = ScoreTable(overview: tables.comparisons, main.conditions[0])
    return HTML([HTML("h3") { "All metrics" }, HTML.table(table), HTML.notes(table.notes)])
  }

  private static func further(_ tables: ComparisonTables) -> HTML {
    HTML(
      tables.comparisons.dropFirst().map { comparison in
        let table = ScoreTable(comparison)
        return HTML.folded(table.title) {
          HTML.table(table)
          HTML.notes(table.notes)
        }
      })
  }
}
