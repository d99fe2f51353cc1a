import Polyphony
import Testing
import Torch

/// Sweeps over rates and patterns, with their means and areas.
@Suite struct MissingSweepTests {
  @Test func areaIsTheTrapezoids() {
    let sweep = MissingSweep(rows: [
      .init(missing: "sample:0.0", rate: 0, metrics: ["accuracy": 0.9, "r": 0.5]),
      .init(missing: "sample:0.5", rate: 0.5, metrics: ["accuracy": 0.7, "r": nil]),
      .init(missing: "sample:0.6", rate: 0.6, metrics: ["accuracy": 0.6, "r": 0.1]),
    ])
    // 0.5·(0.9 + 0.7)/2 + 0.1·(0.7 + 0.6)/2 = 0.4 + 0.065
    #expect(abs(sweep.area["accuracy"]! - 0.465) < 1e-12)
    #expect(sweep.area["r"] == nil && sweep.area.contains("r"), "undefined, not 0")
    #expect(abs(sweep.mean["accuracy"]! - 0.65) < 1e-12, "complete data stands apart")
    #expect(abs(sweep.mean["r"]! - 0.1) < 1e-12, "over what is defined")
    #expect(MissingSweep(rows: [sweep.rows[0]]).area["accuracy"] == nil, "one rate spans nothing")
  }

  @Test func meanIsOverIncompletePatternsByWeight() {
    let sweep = MissingSweep(rows: [
      .init(missing: "complete", present: ["a", "b"], metrics: ["mae": 100]),
      .init(missing: "fixed:a", present: ["b"], weight: 1, metrics: ["mae": 1]),
      .init(missing: "fixed:b", present: ["a"], weight: 3, metrics: ["mae": 2]),
    ])
    #expect(abs(sweep.mean["mae"]! - 7 / 4) < 1e-12)
    #expect(sweep.area["mae"] == nil)
  }

  @Test func patternsAreAllUpToSix() {
    let three = MissingPatterns.patterns(3)
    #expect(three.map { $0.missing(["l", "a", "v"]).joined() } == ["", "l", "a", "v", "la", "lv", "av"])
    #expect(three.allSatisfy { $0.weight == 1 })
    let six = MissingPatterns.patterns(6)
    #expect(six.count == 63 && Set(six.map(\.present.description)).count == 63)
    #expect(MissingPatterns.patterns(1).count == 1)
  }

  @Test func beyondSixASampleStandsForAll() {
    let patterns = MissingPatterns.patterns(8, perStratum: 5, seed: 3)
    #expect(patterns.count == 1 + 7 * 5)
    #expect(Set(patterns.map(\.present.description)).count == patterns.count, "no pattern twice")
    #expect(abs(patterns.reduce(0) { $0 + $1.weight } - 255) < 1e-9, "the weights count all patterns")
    #expect(patterns.allSatisfy { $0.present.contains(true) })
    #expect(patterns == MissingPatterns.patterns(8, perStratum: 5, seed: 3), "seeded")
    #expect(patterns != MissingPatterns.patterns(8, perStratum: 5, seed: 4))
  }

  /// Each process computes some of three batches, under masks that belong to samples.
  @Test func severalProcessesHaveTheBitsOfOne() throws {
    @Sendable func metrics(_ group: ProcessGroup?) throws -> [MetricValues] {
      let model = try MissingFixtures.model()
      let data = MissingFixtures.split(600)
      let modalities = model.configuration.inputModalities
      let conditions = try MissingPlan("sample:0,0.5").conditions(for: data.samples, modalities)
      return try MissingSweep(model, data, conditions, group: group).rows.map(\.metrics)
    }
    let whole = try metrics(nil)
    #expect(whole.count == 2 && whole[0] != whole[1])
    for member in try Members.run(2, { group in try metrics(group) }) { #expect(member == whole) }
  }

  @Test func sweepsOfAModel() throws {
    let model = try MissingFixtures.model()
    try MissingFixtures.install("prompts", on: model)
    let data = MissingFixtures.split(30)
    let rates = try MissingSweep(model, data, MissingPlan("sample"), seed: 1)
    #expect(rates.rows.map(\.missing) == (0..<10).map { "sample:0.\($0)" })
    let complete = try model.evaluate(data).metrics["mae"]
    #expect(rates.rows[0].metrics["mae"] == complete)
    #expect(Set(rates.rows.map(\.hash)).count == 10)
    #expect(rates.area["mae"] != nil)
    #expect(
      try MissingSweep(model, data, MissingPlan("sample"), seed: 1).rows[7].metrics == rates.rows[7].metrics,
      "twice the same")
    let modality = try MissingSweep(model, data, MissingPlan("modality"))
    #expect(modality.rows.map(\.missing).last == "modality:0.6", "two thirds is all that can be missing")
    #expect(try MissingSweep(model, data, .rates(.token, [0, 0.5])).rows.count == 2)
    expectFault(.usage) { _ = try MissingSweep(model, data, .rates(.modality, [0.9])) }
    expectFault(.usage) { _ = try MissingSweep(model, data, .rates(.sample, [1.5])) }

    let patterns = try MissingSweep(model, data, .patterns)
    #expect(patterns.rows.count == 7 && patterns.rows[0].missing == "complete")
    #expect(patterns.rows[0].metrics["mae"] == complete)
    #expect(patterns.rows[4].missing == "fixed:text+audio" && patterns.rows[4].present == ["vision"])
    let byHand = patterns.rows.dropFirst().compactMap { $0.metrics["mae"] }.reduce(0, +) / 6
    #expect(abs(patterns.mean["mae"]! - byHand) < 1e-12)
  }
}
