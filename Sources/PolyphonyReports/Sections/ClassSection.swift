import Polyphony
import PolyphonyPresentation

/// The section of a classification's answers by class: the confusion matrix, the figures by class, and what a guess of
/// the largest class would score.
enum ClassSection {
  static func make(_ content: ReportContent) -> ReportSection? {
    let rows = content.rows.filter { ClassReport($0) != nil }
    guard !rows.isEmpty else { return nil }
    return ReportSection(
      id: "classes", title: "Answers by class",
      body: content.bodies(rows) { row in
        guard let classes = ClassReport(row) else { return .empty }
        let seeds = row.seeds.count > 1 ? "Counts are sums over \(Words.count(row.seeds.count, "seed"))." : nil
        return HTML([
          HTML.notes(
            ["The rows are the true classes, and the columns are the predicted ones; right answers are bold.", seeds]
              .compactMap(\.self)),
          HTML.table(matrix(classes, of: row.name)),
          HTML.table(ScoreTable(classes.table, "Figures by class of \(row.name)")),
          HTML.notes([baseline(classes), classes.remark].compactMap(\.self)),
        ])
      })
  }

  private static func matrix(_ classes: ClassReport, of name: String) -> ScoreTable {
    var table = ScoreTable(classes.matrix, "Confusion matrix of \(name)")
    for index in table.rows.indices where table.rows[index].indices.contains(index + 1) {
      table.rows[index][index + 1].isBest = true
    }
    return table
  }

  /// Compares the model with the constant answer of the largest class.
  private static func baseline(_ classes: ClassReport) -> String? {
    guard let accuracy = classes.confusion.accuracy, let largest = classes.rows.max(by: { $0.support < $1.support })
    else { return nil }
    let share = Double(largest.support) / Double(classes.confusion.total)
    let numbers = NumberText([accuracy, share])
    let isOneOfMany = classes.rows.count { $0.support == largest.support } > 1
    let rank = isOneOfMany ? "one of the most frequent classes" : "the most frequent class"
    return "The share \(numbers.text(accuracy)) of the \(classes.confusion.total) answers is right. "
      + "The constant answer \(largest.label), \(rank) of this split, is right for \(numbers.text(share))."
  }
}

extension ScoreTable {
  /// Makes a table without marks.
  init(_ table: TextTable, _ title: String) {
    self.init(title: title, columns: table.columns, rows: table.rows.map { $0.map { Cell($0) } })
  }
}
