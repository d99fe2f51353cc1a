import OrderedCollections
import Polyphony
import PolyphonyPresentation

/// The section of single answers: the worst ones, and the predicted against the true values of a regression.
enum AnswerSection {
  static func make(_ content: ReportContent) -> ReportSection? {
    let body = content.answerBodies(where: { !$0.isEmpty }) { row, summary, place in
      HTML([plot(row, summary, place), worst(row, summary, place)])
    }
    return body.map { ReportSection(id: "answers", title: "Answers sample by sample", body: $0) }
  }

  private static func plot(_ row: ResultsDocument.Row, _ summary: AnswerSummary, _ place: String) -> HTML {
    guard !summary.pairs.isEmpty else { return .empty }
    let chart = PredictionChart(
      "Predicted against true values of \(row.name)", summary.pairs.map { ($0.target, $0.prediction) })
    return HTML([
      HTML.figures([
        HTML.figure("Predicted against true values, \(place), \(summary.pairs.count) samples", chart.drawing(.page))
      ]), HTML.notes(["Right answers lie on the dashed line."]),
    ])
  }

  private static func worst(_ row: ResultsDocument.Row, _ summary: AnswerSummary, _ place: String) -> HTML {
    guard !summary.worst.isEmpty else { return HTML.notes(["No answer is wrong (\(place))."]) }
    let isRegression = summary.calibration == nil
    let figures = NumberText(summary.worst.map { abs($0.figure) })
    let alignment: TextTable.Alignment = isRegression ? .right : .left
    var table = ScoreTable(
      title: "Worst answers of \(row.name)",
      columns: [
        .init("id"), .init("truth", alignment), .init("prediction", alignment),
        .init(isRegression ? "error" : "confidence", .right),
      ])
    table.rows = summary.worst.map { answer in
      func value(_ text: String) -> String { isRegression ? Double(text).map { figures.text($0) } ?? text : text }
      return [
        answer.id, value(answer.target), value(answer.prediction), figures.text(answer.figure, signed: isRegression),
      ].map { ScoreTable.Cell($0) }
    }
    let meaning =
      isRegression
      ? "The answers with the largest errors (prediction − truth), \(place)."
      : "The wrong answers with the highest confidence, \(place)."
    return HTML([HTML.table(table), HTML.notes([meaning])])
  }
}

extension AnswerSummary {
  /// True for a summary with nothing to show.
  fileprivate var isEmpty: Bool { worst.isEmpty && pairs.isEmpty && calibration == nil }
}
