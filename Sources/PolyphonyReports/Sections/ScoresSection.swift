import Polyphony
import PolyphonyPresentation

/// The section of scores, differences and p-values.
enum ScoresSection {
  static func make(_ content: ReportContent) -> ReportSection? {
    guard let tables = content.tables, let main = content.main else { return nil }
    let table = ScoreTable(main, content.constantAnswer) { content.constant($0)?[main.metric] }
    let isSingle = main.conditions.count == 1
    return ReportSection(
      id: "scores", title: "Scores",
      body: HTML([
        HTML("h3") { table.title }, HTML.table(table, content.glossary), HTML.notes(table.notes),
        content.glossary.html, isSingle ? .empty : differences(main, content.glossary),
        isSingle ? single(tables, main, content.glossary) : further(tables, content),
      ]))
  }

  /// Makes a table with a line per comparison.
  private static func differences(_ main: MethodComparison, _ glossary: Glossary) -> HTML {
    guard main.methods.count > 1 else { return .empty }
    let table = DifferencesTable(main).table
    let body = HTML([HTML.table(table, glossary), HTML.notes(table.notes)])
    let title = "Differences from \(main.reference)"
    return table.rows.count > 24
      ? HTML.folded("\(title): \(table.rows.count) comparisons") { body } : HTML([HTML("h3") { title }, body])
  }

  private static func single(_ tables: ComparisonTables, _ main: MethodComparison, _ glossary: Glossary) -> HTML {
    guard tables.comparisons.count > 1 else { return .empty }
    let table = ScoreTable(overview: tables.comparisons, main.conditions[0])
    return HTML([HTML("h3") { "All metrics" }, HTML.table(table, glossary), HTML.notes(table.notes)])
  }

  private static func further(_ tables: ComparisonTables, _ content: ReportContent) -> HTML {
    HTML(
      tables.comparisons.dropFirst().map { comparison in
        let table = ScoreTable(comparison, content.constantAnswer) { content.constant($0)?[comparison.metric] }
        return HTML.folded(table.title) {
          HTML.table(table, content.glossary)
          HTML.notes(table.notes)
        }
      })
  }
}
