import Polyphony
import PolyphonyPresentation

/// The section of the scores by target of a regression with several, or by label of a multi-label classification.
enum OutputSection {
  static func make(_ content: ReportContent) -> ReportSection? {
    let rows = content.rows.filter { OutputReport($0) != nil }
    guard let kind = rows.first.flatMap({ OutputReport($0)?.kind }) else { return nil }
    return ReportSection(
      id: "outputs", title: kind == .target ? "Scores by target" : "Scores by label",
      body: content.bodies(rows) { row in
        guard let outputs = OutputReport(row) else { return .empty }
        return HTML([
          HTML.notes([
            "The scores of the whole are means over the \(kind.rawValue)s for which they are defined."
              + (kind == .label ? " f1_micro, accuracy and hamming_loss count all labels together." : "")
          ]),
          HTML.table(ScoreTable(outputs.table, "Scores by \(kind.rawValue) of \(row.name)")),
        ])
      })
  }
}
