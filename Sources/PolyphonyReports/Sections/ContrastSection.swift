import Polyphony
import PolyphonyPresentation

/// What the comparison was made to find out.
enum ContrastSection {
  static func make(_ content: ReportContent) -> ReportSection? {
    guard let table = content.contrasts?.table else { return nil }
    return ReportSection(
      id: "contrasts", title: "What was asked",
      body: HTML([HTML("h3") { table.title }, HTML.table(table), HTML.notes(table.notes)]))
  }
}
