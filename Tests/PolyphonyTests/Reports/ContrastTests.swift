import Foundation
import OrderedCollections
import Polyphony
import Testing
import Torch

@testable import PolyphonyReports
@testable import PolyphonySupport

/// Contrasts agree with numbers computed by hand.
@Suite struct ContrastTests {
  private func row(
    _ name: String, _ values: [Double?], seeds: [Int]? = nil, metric: String = "accuracy", missing: String? = nil,
    shift: String? = nil, data: String? = nil
  ) -> ResultsDocument.Row {
    var extra: OrderedDictionary<String, OrderedJSON> = [:]
    if let data { extra["data"] = .string(data) }
    if let missing { extra["missing"] = .string(missing) }
    if let shift { extra["shift"] = .string(shift) }
    return ResultsDocument.Row(
      name: name, split: "test", seeds: seeds ?? Array(values.indices), metrics: [metric: Aggregate(values)],
      parameters: .init(total: 2000, trainable: name == "light" ? 20 : 2000), extra: extra)
  }

  private func finding(_ before: [Double?], _ after: [Double?], metric: String = "accuracy") throws -> ContrastFinding {
    try #require(
      ContrastFinding.all(
        [Contrast("tuned", method: "light", against: "full")],
        [row("full", before, metric: metric), row("light", after, metric: metric)], metric: metric
      ).first)
  }

  @Test func gainsArePairedBySeed() throws {
    // Differences 0.02, 0.03, 0.04: mean 0.03, deviation 0.01, standard error 0.01/√3; t = 3√3 with 2 degrees of
    // freedom.
    let found = try finding([0.5, 0.7, 0.9], [0.52, 0.73, 0.94])
    #expect(
      abs((found.gain ?? 0) - 0.03) < 1e-12 && abs((found.test.standardError ?? 0) - 0.01 / 3.0.squareRoot()) < 1e-12)
    // p = 1 − t/√(t² + 2) for 2 degrees of freedom.
    let t = 3 * 3.0.squareRoot()
    #expect(abs((found.adjusted ?? 0) - (1 - t / (t * t + 2).squareRoot())) < 1e-9)
    #expect(
      found.verdict == .better && abs((found.before.mean ?? 0) - 0.7) < 1e-12 && found.parameters?.trainable == 20)
  }

  @Test(
    arguments: [
      ([0.9, 0.8, 0.7], [0.88, 0.77, 0.66], Verdict.worse, "worse"),
      // Differences −0.01, 0.03, 0.01: mean 0.01, standard error 0.0115.
      ([0.5, 0.5, 0.5], [0.49, 0.53, 0.51], .notSignificant(seeds: 3), "not significant with 3 seeds"),
      ([0.5, 0.6], [0.5, 0.6], .untested(.equal), "equal at all seeds, p is undefined"),
      ([0.5, 0.625], [0.625, 0.75], .untested(.noVariance), "no variance between seeds, p is undefined"),
      ([0.5], [0.9], .untested(.oneSeed), "one seed, not tested"),
      ([nil, nil], [0.9, 0.8], .untested(.undefined), "a score is undefined, not tested"),
    ] as [([Double?], [Double?], Verdict, String)])
  func aVerdictSaysNoMoreThanTheSeedsDo(
    before: [Double?], after: [Double?], verdict: Verdict, text: String
  ) throws {
    let found = try finding(before, after)
    #expect(found.verdict == verdict && found.verdict.text == text)
    #expect((found.adjusted == nil) == (verdict != .worse && verdict != .notSignificant(seeds: 3)))
  }

  @Test func lowerErrorsAreGains() throws {
    let better = try finding([0.9, 0.8, 0.7], [0.88, 0.77, 0.66], metric: "mae")
    #expect(better.verdict == .better && abs((better.gain ?? 0) - 0.03) < 1e-12)
    #expect(try finding([0.88, 0.77, 0.66], [0.9, 0.8, 0.7], metric: "mae").verdict == .worse)
  }

  @Test func conditionsAreAveragedSeedBySeed() throws {
    let rows = [
      row("full", [0.9, 0.9]), row("full", [0.8, 0.6], missing: "sample:0.1"),
      row("full", [0.4, 0.4], missing: "sample:0.9"), row("full", [0.1, 0.1], shift: "noise:3"),
      row("light", [0.9, 0.9]), row("light", [0.8, 0.8], missing: "sample:0.1"),
      // The seeds come in another order. Scores are paired by seed.
      row("light", [0.7, 0.4], seeds: [1, 0], missing: "sample:0.9"), row("light", [0.3, 0.2], shift: "noise:3"),
    ]
    let missing = Contrast("m", method: "light", against: "full", missing: ["sample:0.1", "sample:0.9"])
    let shift = Contrast("s", method: "light", against: "full", shift: ["noise:3"])
    let unscored = Contrast("u", method: "light", against: "full", missing: ["sample:0.1", "sample:0.5"])
    let found = ContrastFinding.all([missing, shift, unscored], rows, metric: "accuracy")
    // The scores before are 0.6 and 0.5, those after are 0.6 and 0.75.
    #expect(zip(found[0].before.values, [0.6, 0.5]).allSatisfy { abs(($0 ?? 0) - $1) < 1e-12 })
    #expect(zip(found[0].after.values, [0.6, 0.75]).allSatisfy { abs(($0 ?? 0) - $1) < 1e-12 })
    #expect(abs((found[1].gain ?? 0) - 0.15) < 1e-12)
    // A mean over the remaining conditions would answer another question.
    #expect(found[2].gain == nil && found[2].verdict == .untested(.undefined))
    // Two contrasts have p-values. The smaller one is multiplied by two.
    let p = found.prefix(2).compactMap(\.test.p)
    #expect(p.count == 2 && abs((found[1].adjusted ?? 0) - min(1, 2 * p[1])) < 1e-12)
  }

  @Test func aTableHasALineForEachContrastAndDataSet() throws {
    let rows = ["a", "b"].flatMap {
      [row("full", [0.9, 0.8, 0.7], data: $0), row("light", [0.88, 0.77, 0.66], data: $0)]
    }
    let contrast = Contrast("tuned", method: "light", against: "full")
    let both = ContrastTable(ContrastFinding.all([contrast], rows, metric: "accuracy"), metric: "accuracy")
    #expect(both.text.rows.map { $0[1] } == ["a", "b"])
    let one = ContrastTable(
      ContrastFinding.all([contrast], Array(rows.prefix(2)), metric: "accuracy"), metric: "accuracy")
    #expect(
      one.text.columns.map(\.title)
        == ["", "under", "before", "after", "gain", "p", "trains", "verdict"])
    #expect(
      one.text.rows == [
        [
          "tuned", "", "full 0.800 ± 0.082", "light 0.770 ± 0.090", "−0.030 ± 0.006", "0.035", "1.0 %", "worse",
        ]
      ])
    #expect(one.title == "accuracy (higher is better)" && one.notes[0].contains("3 seeds"))
    let single = ContrastTable(
      ContrastFinding.all([contrast], [row("full", [0.5]), row("light", [0.9])], metric: "accuracy"),
      metric: "accuracy")
    #expect(single.text.rows[0].suffix(4) == ["+0.400", "", "1.0 %", "one seed, not tested"])
    #expect(single.notes == ["One seed: no difference can be tested."])
  }
}
