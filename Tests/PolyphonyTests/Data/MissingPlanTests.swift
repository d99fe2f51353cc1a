import Testing

@testable import Polyphony
@testable import PolyphonyPresentation

/// The conditions that a command line names, and the display of their scores.
@Suite struct MissingPlanTests {
  @Test(arguments: [
    ("sample:0.5", MissingPlan.single(.sample(0.5))), ("complete", .single(.fixed([]))),
    ("fixed:text+audio", .single(.fixed(["text", "audio"]))), ("patterns", .patterns),
    ("sample", .rates(.sample, MissingPlan.usualRates)), ("token:0.5,0.1", .rates(.token, [0.1, 0.5])),
    ("sample:0.1...0.4", .rates(.sample, [0.1, 0.2, 0.3, 0.4])), ("sample:0.9…1", .rates(.sample, [0.9, 1])),
    ("modality:0.25...0.5", .rates(.modality, [0.25, 0.35, 0.45])), ("sample:0.3,0.3", .rates(.sample, [0.3])),
  ])
  func plansAreRead(text: String, expected: MissingPlan) throws { #expect(try MissingPlan(text) == expected) }

  @Test(arguments: [
    "", "sampel:0.5", "sample:", "sample:1.5", "sample:0.1,", "sample:0.5...0.1", "sample:0.1...2", "token:0.5,1",
    "sample:0.1,x", "patterns:3", "fixed", "fixed:", "complete:0.1",
  ])
  func nonsenseIsAFault(text: String) {
    let fault = expectFault(.usage) { _ = try MissingPlan(text) }
    #expect(fault?.key == "--missing")
  }

  @Test func rangesKeepTheirDecimals() throws {
    let data = MissingFixtures.split(8)
    let plan = try MissingPlan("sample:0...0.9")
    let conditions = try plan.conditions(for: data.samples, MissingFixtures.modalities)
    #expect(conditions.map(\.rule.description) == (0..<10).map { "sample:0.\($0)" })
    expectFault(.usage) {
      _ = try MissingPlan.patterns.conditions(for: data.samples, [MissingFixtures.modalities[0]])
    }
  }

  private func report(_ plan: MissingPlan, _ rows: [MissingSweep.Row]) -> EvaluationOutcome {
    var other = rows
    for index in rows.indices { other[index].metrics["accuracy"] = 0.5 }
    return EvaluationOutcome(
      outcomes: [
        .init(name: "a", seeds: [0], sweeps: [.init(rows: rows)], parameters: .init(total: 200, trainable: 10)),
        .init(name: "b", seeds: [0, 1], sweeps: [.init(rows: rows), .init(rows: other)]),
      ], split: "test", plan: plan, masks: [], metric: "accuracy")
  }

  @Test func ratesAreARowForEachModel() {
    let report = report(
      .rates(.sample, [0, 0.5]),
      [
        .init(missing: "sample:0.0", rate: 0, hash: "x", metrics: ["accuracy": 0.9]),
        .init(missing: "sample:0.5", rate: 0.5, hash: "y", metrics: ["accuracy": 0.7]),
      ])
    #expect(report.table.columns.map(\.title) == ["accuracy", "0", "0.5", "mean", "area", "trained", "share"])
    #expect(report.table.rows[0] == ["a", "0.900", "0.700", "0.700", "0.400", "10", "5.0 %"])
    #expect(report.table.rows[1] == ["b", "0.700", "0.600", "0.600 ± 0.100", "0.325 ± 0.075", "", ""])
    #expect(report.results.map { $0.conditions["missing"] }.prefix(4) == ["sample:0.0", "sample:0.5", "mean", "area"])
    #expect(report.results.map(\.mask).prefix(4) == ["x", "y", nil, nil])
    let text = report.chart.text(columns: 20, rows: 5)
    #expect(text.contains("missing rate (sample)") && text.contains("A a") && text.contains("B b"), "\(text)")
  }

  @Test func patternsAreAColumnForEachModel() {
    let report = report(
      .patterns,
      [
        .init(missing: "complete", present: ["l", "a"], metrics: ["accuracy": 0.9]),
        .init(missing: "fixed:l", present: ["a"], metrics: ["accuracy": 0.6]),
        .init(missing: "fixed:a", present: ["l"], metrics: ["accuracy": 0.8]),
      ])
    #expect(report.table.columns.map(\.title) == ["present", "a", "b"])
    #expect(report.table.rows.map { $0[0] } == ["all", "a", "l", "mean of incomplete", "trained", "share"])
    #expect(report.table.rows[3][1] == "0.700")
    #expect(report.chart.series[0].points.map(\.x) == [0, 1])
    #expect(abs(report.chart.series[0].points[1].y! - 0.7) < 1e-12)
  }

  @Test func linesAsText() {
    let chart = LineChart(
      "t", x: "rate", y: "score",
      [.init("one", [.init(0, 1), .init(1, 0)]), .init("two", [.init(0, 0), .init(1, .nan)])])
    let expected = """
      score
          1 |A
        0.8 | .
        0.6 |
        0.4 |  .
        0.2 |   .
          0 |B   A
            +-----
             0   1
             rate
             A one
             B two

      """
    #expect(chart.text(.ascii, columns: 5, rows: 6) == expected)
    #expect(LineChart("t", x: "x", y: "y", []).text() == "")
  }

  @Test(arguments: [
    (["runs/tuned/prompts/adapter", "runs/tuned/zero_fill/adapter"], ["prompts", "zero_fill"]),
    (["a", "b/c"], ["a", "b/c"]), (["x/a", "x/a"], ["x/a", "x/a"]), (["x", "x/y"], ["x", "x/y"]),
  ])
  func pathsAreToldApart(paths: [String], names: [String]) {
    #expect(EvaluationRun.Candidate.distinguishing(paths) == names)
  }

  @Test func candidatesHaveNames() {
    let candidates = EvaluationRun.Candidate.named(model: "m", adapters: ["none", "p=x/one", "x/two", "base=none"])
    #expect(candidates.map(\.name) == ["none", "p", "x/two", "base"])
    #expect(candidates.map { $0.adapter?.path } == [nil, "x/one", "x/two", nil])
    #expect(EvaluationRun.Candidate.named(model: "m", adapters: []).map(\.name) == ["m"])
  }
}
