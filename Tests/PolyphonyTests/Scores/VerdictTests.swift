import Polyphony
import Testing
import Torch

@testable import PolyphonyReports

/// Only a corrected p-value below the level makes a method better or worse, and every text says the same.
@Suite struct VerdictTests {
  private static func test(_ scores: [Double?], _ reference: [Double?]) -> PairedTest {
    PairedTest(
      Aggregate(scores), seeds: Array(scores.indices), against: Aggregate(reference), seeds: Array(reference.indices))
  }

  /// d = 0.1, 0.2, 0.3, 0.2, 0.1.
  private static let gain = test([0.6, 0.7, 0.8, 0.7, 0.6], [0.5, 0.5, 0.5, 0.5, 0.5])
  private static let loss = test([0.5, 0.5, 0.5, 0.5, 0.5], [0.6, 0.7, 0.8, 0.7, 0.6])

  @Test(
    arguments: [
      (gain, 0.0, .higherIsBetter, .better), (gain, 0.0, .lowerIsBetter, .worse),
      (loss, 0.0, .higherIsBetter, .worse), (loss, 0.0, .lowerIsBetter, .better),
      (gain, 0.05.nextDown, .higherIsBetter, .better), (gain, 0.05, .higherIsBetter, .notSignificant(seeds: 5)),
      (loss, 0.05.nextDown, .higherIsBetter, .worse), (loss, 0.05, .higherIsBetter, .notSignificant(seeds: 5)),
      (gain, 0.05.nextUp, .higherIsBetter, .notSignificant(seeds: 5)),
      (gain, 1, .higherIsBetter, .notSignificant(seeds: 5)),
      // The p-value alone says nothing where it was not corrected.
      (gain, nil, .higherIsBetter, .notSignificant(seeds: 5)),
      (test([0.9], [0.5]), nil, .higherIsBetter, .untested(.oneSeed)),
      (test([0.5, 0.6], [0.5, 0.6]), nil, .higherIsBetter, .untested(.equal)),
      (test([0.75, 0.5], [0.5, 0.25]), nil, .higherIsBetter, .untested(.noVariance)),
      (test([nil], [0.5]), nil, .higherIsBetter, .untested(.undefined)),
    ] as [(PairedTest, Double?, MetricDirection, Verdict)])
  func theCorrectedPDecides(test: PairedTest, adjusted: Double?, direction: MetricDirection, verdict: Verdict) {
    #expect(Verdict(test, adjusted: adjusted, direction: direction) == verdict)
    #expect(verdict.isSignificant == (adjusted.map { $0 < 0.05 } ?? false))
  }

  @Test func words() {
    #expect(Verdict.better.text == "better" && Verdict.worse.text == "worse")
    #expect(Verdict.notSignificant(seeds: 5).text == "not significant with 5 seeds")
    #expect(Verdict.untested(.oneSeed).text == "one seed, not tested")
    #expect(Verdict.untested(.equal).text.contains("p is undefined"))
  }

  /// A gain of 2.4 standard errors, as five seeds often have it, is nothing that a table may call better.
  @Test func twoStandardErrorsAreNotEnough() throws {
    // d = 0.1, 0.02, 0.08, 0, 0.03: mean 0.046, standard error 0.0189, t = 2.44 with 4 degrees of freedom, p = 0.071.
    let values = [[0.5, 0.5, 0.5, 0.5, 0.5], [0.6, 0.52, 0.58, 0.5, 0.53]]
    let rows = zip(["base", "new"], values).map { name, values in
      ResultsDocument.Row(
        name: name, split: "test", seeds: Array(values.indices), metrics: ["accuracy": Aggregate(values)])
    }
    let contrast = Contrast("asked", method: "new", against: "base")
    let finding = try #require(ContrastFinding.all([contrast], rows, metric: "accuracy").first)
    let (gain, error, p) = try (
      #require(finding.gain), #require(finding.test.standardError), #require(finding.adjusted)
    )
    #expect(gain > 2 * error && p > 0.05 && finding.verdict == .notSignificant(seeds: 5))
    let table = ContrastTable([finding], metric: "accuracy")
    #expect(table.text.rows[0].last == "not significant with 5 seeds")
    #expect(table.notes.contains("Verdict: «better» or «worse» only where p is below 0.05."))

    let comparison = try MethodComparison(rows, metric: "accuracy")
    let entry = try #require(comparison[comparison.conditions[0], "new"])
    #expect(entry.verdict == finding.verdict && !entry.isSignificant)
    #expect(DifferencesTable(comparison).table.rows[0].last?.text == "not significant with 5 seeds")
    #expect(ComparisonNotes(comparison).sentences.contains("Tested without *: not significant with 5 seeds."))
  }

  @Test func aProbabilityIsNotRoundedUpToTheLevel() {
    #expect(NumberText.probability(0.05.nextDown) == "< 0.050" && NumberText.probability(0.0496) == "< 0.050")
    #expect(NumberText.probability(0.05) == "0.050" && NumberText.probability(0.0494) == "0.049")
    #expect(NumberText.probability(0.0009) == "< 0.001" && NumberText.probability(0.001) == "0.001")
  }
}
