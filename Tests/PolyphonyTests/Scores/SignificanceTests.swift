import Foundation
import OrderedCollections
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// Tails of Student's t, paired tests and Holm's correction agree with SciPy and with cases worked by hand.
@Suite struct SignificanceTests {
  /// The output of Tools/make-significance-fixtures.py.
  struct Fixtures: Decodable {
    struct Paired: Decodable {
      var reference: [Double]
      var values: [Double]
      var difference: Double
      var error: Double
      var t: Double
      var p: Double
    }
    var student: [[Double]]
    var beta: [[Double]]
    var paired: [Paired]
  }

  static func fixtures() throws -> Fixtures {
    try JSONDecoder().decode(
      Fixtures.self, from: Data(contentsOf: URL(fileURLWithPath: fixture("significance.json"))))
  }

  @Test func tailsOfStudentsT() throws {
    let rows = try Self.fixtures().student
    #expect(rows.count > 100)
    for row in rows {
      for sign in [1.0, -1] {
        let p = StudentT.twoSided(sign * row[1], degreesOfFreedom: row[0])
        #expect(abs(p / row[2] - 1) < 1e-10, "t \(row[1]), \(row[0]) degrees of freedom: \(p), not \(row[2])")
      }
    }
    #expect(StudentT.twoSided(0, degreesOfFreedom: 4) == 1)
    #expect(StudentT.twoSided(.infinity, degreesOfFreedom: 4) == 0)
    #expect(StudentT.twoSided(1e200, degreesOfFreedom: 4) == 0)
    #expect(StudentT.twoSided(.nan, degreesOfFreedom: 4).isNaN && StudentT.twoSided(1, degreesOfFreedom: 0).isNaN)
    // One degree of freedom gives Cauchy's distribution, and half of it is beyond ±1.
    #expect(abs(StudentT.twoSided(1, degreesOfFreedom: 1) - 0.5) < 1e-15)
  }

  @Test func incompleteBeta() throws {
    let rows = try Self.fixtures().beta
    #expect(rows.count > 150)
    for row in rows {
      let value = IncompleteBeta.regularized(row[2], a: row[0], b: row[1])
      #expect(abs(value / row[3] - 1) < 1e-10, "\(row): \(value)")
    }
    #expect(IncompleteBeta.regularized(0, a: 2, b: 3) == 0 && IncompleteBeta.regularized(1, a: 2, b: 3) == 1)
    for (x, a, b) in [(-0.1, 1.0, 1.0), (1.1, 1, 1), (0.5, 0, 1), (0.5, 1, -1), (.nan, 1, 1)] {
      #expect(IncompleteBeta.regularized(x, a: a, b: b).isNaN)
    }
  }

  @Test func pairedTestsAreSciPys() throws {
    for row in try Self.fixtures().paired {
      let seeds = Array(0..<row.values.count)
      let test = PairedTest(Aggregate(row.values), seeds: seeds, against: Aggregate(row.reference), seeds: seeds)
      for (value, expected) in [
        (test.difference, row.difference), (test.standardError, row.error), (test.statistic, row.t), (test.p, row.p),
      ] {
        // The scores have six decimals, so that differences of 0.001 carry ten digits.
        #expect(abs(try #require(value) / expected - 1) < 1e-10)
      }
      #expect(test.obstacle == nil)
    }
  }

  @Test func scoresBelongTogetherByTheirSeeds() throws {
    // d = 1, 2, 3 at the seeds 1, 2, 3: mean 2, deviation 1, t = 2 √3.
    let test = PairedTest(
      Aggregate([13, 11, nil, 12, 50]), seeds: [3, 1, 4, 2, 9], against: Aggregate([10, 10, 10, 10]),
      seeds: [1, 2, 3, 4])
    #expect(test.seeds == [1, 2, 3] && test.difference == 2)
    #expect(abs(try #require(test.statistic) - 2 * 3.0.squareRoot()) < 1e-12)
  }

  @Test(
    arguments: [
      ([0.5, 0.6], [0, 1], [0.5, 0.6], [2, 3], PairedTest.Obstacle.noCommonSeed, nil, nil),
      ([0.5, 0.6], [0, 1], [0.4, 0.6], [1, 3], .oneSeed, 0.2, nil),
      ([0.3, 0.4], [0, 1], [0.2, 0.3], [0, 1], .noVariance, 0.1, 0.0),
      ([nil, nil], [0, 1], [0.4, 0.6], [0, 1], .undefined, nil, nil),
    ] as [([Double?], [Int], [Double?], [Int], PairedTest.Obstacle, Double?, Double?)])
  func whereNothingCanBeSaid(
    scores: [Double?], seeds: [Int], reference: [Double?], others: [Int], obstacle: PairedTest.Obstacle,
    difference: Double?, error: Double?
  ) {
    let test = PairedTest(Aggregate(scores), seeds: seeds, against: Aggregate(reference), seeds: others)
    #expect(test.obstacle == obstacle && test.p == nil && test.statistic == nil)
    #expect(test.standardError == error && (test.difference == nil) == (difference == nil))
    if let difference, let found = test.difference { #expect(abs(found - difference) < 1e-12) }
  }

  @Test func holmByHand() {
    // Sorted 0.005, 0.01, 0.03, 0.04: times 4, 3, 2, 1 gives 0.02, 0.03, 0.06, 0.04, the last raised to 0.06.
    let adjusted = HolmCorrection.adjusted([0.01, 0.04, 0.03, 0.005])
    for (value, expected) in zip(adjusted, [0.03, 0.06, 0.06, 0.02]) { #expect(abs(value - expected) < 1e-15) }
    #expect(HolmCorrection.adjusted([0.9, 0.8]) == [1, 1] && HolmCorrection.adjusted([]).isEmpty)
    #expect(HolmCorrection.adjusted([0.03]) == [0.03])
  }

  private func row(_ name: String, _ values: [Double?], metric: String = "mae", missing: String? = nil)
    -> ResultsDocument.Row
  {
    ResultsDocument.Row(
      name: name, split: "test", seeds: Array(values.indices),
      metrics: [metric: Aggregate(values), "r": Aggregate([])],
      extra: missing.map { ["missing": .string($0), "mask": .string("hash \($0) \(name)")] } ?? [:])
  }

  @Test func methodsAgainstAReference() throws {
    let rows = [
      row("base", [0.9, 0.8, 0.7], missing: "sample:0.1"), row("good", [0.5, 0.41, 0.3], missing: "sample:0.1"),
      row("bad", [1, 0.9, 0.71], missing: "sample:0.1"), row("base", [1, 1.1, 1.2], missing: "sample:0.5"),
      row("good", [1, 1.1, 1.2], missing: "sample:0.5"), row("bad", [nil, nil, nil], missing: "sample:0.5"),
    ]
    let comparison = try MethodComparison(rows, metric: "mae")
    #expect(comparison.reference == "base" && comparison.direction == .lowerIsBetter)
    #expect(comparison.conditions.map { $0.name(["missing"]) } == ["sample:0.1", "sample:0.5"])
    // Two of the four methods have testable scores. The others are equal or undefined.
    #expect(comparison.tested == 2)
    let (low, high) = (comparison.conditions[0], comparison.conditions[1])
    let good = try #require(comparison[low, "good"])
    #expect(good.isBest && good.isSignificant)
    #expect(abs(try #require(good.adjusted) / (2 * (try #require(good.test?.p))) - 1) < 1e-12)
    #expect(comparison[low, "base"]?.test == nil && comparison[low, "bad"]?.isBest == false)
    #expect(comparison[high, "good"]?.test?.obstacle == .equal)
    #expect(comparison[high, "bad"]?.test?.obstacle == .undefined && comparison[high, "bad"]?.isBest == false)
    #expect(comparison[high, "good"]?.isBest == true && comparison[high, "base"]?.isBest == true, "both are equal")

    let turned = try MethodComparison(rows, metric: "mae", reference: "good")
    #expect(turned[low, "base"]?.test?.difference == good.test?.difference.map { -$0 })
    #expect(throws: Fault.self) { try MethodComparison(rows, metric: "mea") }
    #expect(throws: Fault.self) { try MethodComparison(rows, metric: "mae", reference: "bsae") }
  }

  @Test func thePrincipalMetricStandsFirst() {
    let rows = [
      ResultsDocument.Row(
        name: "a",
        metrics: [
          "f1": Aggregate([1]), "accuracy": Aggregate([1]), "text/shapley": Aggregate([1]),
          "modality_gap": Aggregate([1]),
        ])
    ]
    #expect(MethodComparison.metrics(rows) == ["accuracy", "f1"])
    #expect(MethodComparison.metrics([]) == [])
    #expect(Evaluation.principalMetric(among: ["x", "dice", "mae"]) == "dice")
    #expect(Evaluation.principalMetric(among: ["x", "y"]) == "x")
    #expect(
      PerModalityMetrics.place(of: "a/b/alone")?.modality == "a/b" && PerModalityMetrics.place(of: "/alone") == nil)
  }
}
