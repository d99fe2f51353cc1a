import Polyphony
import PolyphonyPresentation

/// The section of a classification's answers by class: the confusion matrix, the figures by class, and what a guess of
/// the largest class would score.
enum ClassSection {
  static func make(_ content: ReportContent) -> ReportSection? {
    let reports = content.rows.compactMap { row in ClassReport(row).map { (name: row.name, classes: $0) } }
    guard !reports.isEmpty else { return nil }
    return ReportSection(
      id: "classes", title: "Answers by class",
      body: HTML(
        reports.map { report in
          HTML([
            reports.count > 1 ? HTML("h3") { report.name } : .empty,
            HTML.notes(["The rows are the true classes, and the columns are the predicted ones."]),
            HTML.table(ScoreTable(report.classes.matrix)), HTML.table(ScoreTable(report.classes.table)),
            HTML.notes([baseline(report.classes), report.classes.remark].compactMap(\.self)),
          ])
        }))
  }

  /// Compares the model with the constant answer of the largest class.
  private static func baseline(_ classes: ClassReport) -> String? {
    guard let accuracy = classes.confusion.accuracy, let largest = classes.rows.max(by: { $0.support < $1.support })
    else { return nil }
    let share = Double(largest.support) / Double(classes.confusion.total)
    let numbers = NumberText([accuracy, share])
    return "The model answers \(numbers.text(accuracy)) of the \(classes.confusion.total) samples correctly. "
      + "The constant answer \(largest.label), the most frequent class of this split, is right for \(numbers.text(share))."
  }
}

extension ScoreTable {
  /// Makes a table without marks.
  init(_ table: TextTable) {
    self.init(title: "", columns: table.columns, rows: table.rows.map { $0.map { Cell($0) } })
  }
}
