import Polyphony
import PolyphonyPresentation

/// The section of a comparison's contrasts, the questions behind it.
enum ContrastSection {
  static func make(_ content: ReportContent) -> ReportSection? {
    guard let table = content.contrasts?.table else { return nil }
    return ReportSection(
      id: "contrasts", title: "What was asked",
      body: HTML([HTML("h3") { table.title }, HTML.table(table, content.glossary), HTML.notes(table.notes)]))
  }
}
