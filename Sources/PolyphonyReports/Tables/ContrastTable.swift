import Foundation
import Polyphony
import PolyphonyPresentation

/// The table of a comparison's contrasts. A line has two methods, the gain of one on the other, and a verdict.
public struct ContrastTable {
  /// The table.
  let table: ScoreTable

  /// Makes the table.
  /// - Parameters:
  ///   - findings: what the contrasts came to.
  ///   - metric: the metric that the scores are of.
  public init(_ findings: [ContrastFinding], metric: String) {
    let numbers = NumberText(findings.flatMap { [$0.before.mean, $0.after.mean].compactMap(\.self) })
    let isOnSeveral = Set(findings.map(\.data)).count > 1
    let direction = MetricDirection(metric: metric) == .higherIsBetter ? "higher is better" : "lower is better"
    var table = ScoreTable(
      title: "\(metric) (\(direction))",
      columns: [.init("")] + (isOnSeveral ? [.init("data")] : []) + [
        .init("under"), .init("before", .right), .init("after", .right), .init("gain", .right),
        .init("p", .right), .init("trains", .right), .init("verdict"),
      ])
    table.rows = findings.map { finding in
      let contrast = finding.contrast
      let gain = finding.gain.map { gain in
        numbers.text(gain, signed: true) + (finding.test.standardError.map { " ± " + numbers.text($0) } ?? "")
      }
      let cells =
        [contrast.name] + (isOnSeveral ? [finding.data ?? ""] : []) + [
          contrast.under ?? "", "\(contrast.against) \(numbers.text(finding.before))",
          "\(contrast.method) \(numbers.text(finding.after))", gain ?? "",
          finding.adjusted.map(NumberText.probability) ?? "",
          finding.parameters.map { NumberText.share($0.trainable, of: $0.total) } ?? "", finding.verdict.text,
        ]
      return cells.map { ScoreTable.Cell($0) }
    }
    table.important = ["gain", "verdict"]
    table.notes = Self.notes(findings)
    self.table = table
  }

  /// The table for a terminal.
  public var text: TextTable {
    var text = TextTable(table.columns)
    for row in table.rows { text.append(row.map(\.text)) }
    return text
  }

  /// The metric and its direction.
  public var title: String { table.title }

  /// The notes for a reader, a sentence each.
  public var notes: [String] { table.notes }

  private static func notes(_ findings: [ContrastFinding]) -> [String] {
    let counts = Set(findings.map(\.test.seeds.count)).subtracting([0])
    guard let most = counts.max() else { return ["No two scores have a seed in common."] }
    guard most > 1 else { return ["One seed: no difference can be tested."] }
    let tested = findings.count { $0.test.p != nil }
    return [
      "Before, after: mean ± standard deviation over \(Words.range(counts, "seed")).",
      "Gain: paired by seed, positive is better, ± its standard error.",
    ]
      + (tested > 0
        ? [
          "p: paired t-test, two-sided, after Holm's correction over \(Words.count(tested, "row")).",
          "Verdict: «better» or «worse» only where p is below \(Verdict.level).",
        ] : [])
      + (tested < findings.count ? ["A row without p was not tested; its verdict says why."] : [])
      + ["Trains: the share of its parameters that the method trains, after the train stage if there are more stages."]
  }
}
