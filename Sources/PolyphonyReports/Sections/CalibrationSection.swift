import OrderedCollections
import Polyphony
import PolyphonyPresentation

/// The section of a classification's confidence: reliability diagrams and the expected calibration error.
enum CalibrationSection {
  static func make(_ content: ReportContent) -> ReportSection? {
    let rows = content.rows.filter { !calibrations($0).isEmpty }
    guard !rows.isEmpty else { return nil }
    let bins = calibrations(rows[0]).first?.bins.count ?? Calibration.usualBins
    let table = table(rows, bins)
    return ReportSection(
      id: "calibration", title: "Calibration",
      body: HTML([
        HTML.table(table, content.glossary), HTML.notes(table.notes),
        content.bodies(rows) { row in HTML.figures([figure(row)]) },
        HTML.notes([
          "Bars: the share of right answers by confidence, the probability of the predicted class. Whiskers: Wilson's 95 % "
            + "interval. A calibrated model has its bars at the dashed line; bars below it mean too much confidence."
        ]),
      ]))
  }

  private static func calibrations(_ row: ResultsDocument.Row) -> [Calibration] {
    AnswerSummary.all(row).values.compactMap(\.calibration).filter { $0.count > 0 }
  }

  private static func table(_ rows: [ResultsDocument.Row], _ bins: Int) -> ScoreTable {
    let keys = ScoreCondition.distinguishing(rows.map { ScoreCondition($0) })
    var table = ScoreTable(
      title: "Expected calibration error",
      columns: [.init("method")] + keys.map { .init($0) }
        + [.init("ECE", .right), .init("mean confidence", .right), .init("accuracy", .right)])
    table.rows = rows.map { row in
      let found = calibrations(row)
      func text(_ value: (Calibration) -> Double?) -> String { NumberText([0.5]).text(Aggregate(found.map(value))) }
      let condition = ScoreCondition(row)
      return
        ([row.name] + keys.map { condition.parts[$0] ?? "" } + [
          text(\.error), text { $0.mean(\.confidence) }, text { $0.mean { Double($0.correct) } },
        ]).map { ScoreTable.Cell($0) }
    }
    table.notes = [
      "ECE: Σ n_m/n · |accuracy − confidence| over \(bins) bins of equal width (Guo et al., 2017); 0 is best. "
        + "It is never negative, so few samples make it larger."
    ]
    if rows.contains(where: { calibrations($0).count > 1 }) {
      table.notes.append("Mean ± standard deviation over seeds.")
    }
    return table
  }

  /// Draws the answers of all seeds in one diagram.
  private static func figure(_ row: ResultsDocument.Row) -> HTML {
    let all = calibrations(row)
    var sum = all[0]
    for other in all.dropFirst() where other.bins.count == sum.bins.count { sum += other }
    let chart = ReliabilityChart(
      "Reliability of \(row.name)",
      sum.bins.map { bin in
        guard let confidence = bin.meanConfidence, let accuracy = bin.accuracy else { return nil }
        return .init(count: bin.count, confidence: confidence, accuracy: accuracy)
      })
    let seeds = all.count > 1 ? ", answers of \(Words.count(all.count, "seed"))" : ""
    return HTML.figure("Reliability of \(row.name), \(sum.count) answers\(seeds)", chart.drawing(.page))
  }
}

extension Calibration {
  /// The mean of a figure of the bins over all answers.
  fileprivate func mean(_ figure: (Bin) -> Double) -> Double { bins.reduce(0) { $0 + figure($1) } / Double(count) }
}
