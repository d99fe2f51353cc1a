import Polyphony
import PolyphonyPresentation

/// The section of the scores by target of a regression with several, or by label of a multi-label classification.
enum OutputSection {
  static func make(_ content: ReportContent) -> ReportSection? {
    let reports = content.rows.compactMap { row in OutputReport(row).map { (name: row.name, outputs: $0) } }
    guard let kind = reports.first?.outputs.kind else { return nil }
    return ReportSection(
      id: "outputs", title: kind == .target ? "Scores by target" : "Scores by label",
      body: HTML(
        reports.map { report in
          HTML([
            reports.count > 1 ? HTML("h3") { report.name } : .empty,
            HTML.notes([
              "The scores of the whole are means over the \(kind.rawValue)s for which they are defined."
                + (kind == .label ? " f1_micro, accuracy and hamming_loss count all labels together." : "")
            ]),
            HTML.table(ScoreTable(report.outputs.table)),
          ])
        }))
  }
}
