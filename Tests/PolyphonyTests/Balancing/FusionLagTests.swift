import Testing
import Torch

@testable import Polyphony

/// Dropout follows the lag of the fusion behind single modalities.
@Suite struct FusionLagTests {
  @Test func theOthersLagSetsTheRate() {
    // Alone, the second modality would make up three quarters of what the fusion misses, and the first one nothing.
    let lag = FusionLag(fused: 0.92, alone: [0.9, 0.98, 0.94], best: 1, count: 4000)
    expectClose(lag.shares, [0, 0.75, 0.25], 1e-12)
    expectClose(lag.rates(0.8), [0.6, 0.2, 0.6], 1e-12)
  }

  @Test(arguments: [[0.85, 0.86, 0.7], [0.5, 0.5, 0.5], [0.92, 0.1, 0]])
  func nothingIsDroppedWhereTheFusionLeads(alone: [Double]) {
    #expect(FusionLag(fused: 0.92, alone: alone, best: 1, count: 4000).rates(0.9) == [0, 0, 0])
  }

  @Test func theRatesStayInRange() {
    #expect(FusionLag(fused: 1, alone: [1, 1], best: 1, count: 4000).rates(0.9) == [0, 0], "nothing is missing")
    #expect(FusionLag(fused: 0.4, alone: [1], best: 1, count: 4000).rates(0.9) == [0], "a single modality stays")
    #expect(FusionLag(fused: 0.4, alone: [1, 0.2], best: 1, count: 4000).rates(0.9) == [0, 0.9])
    // Minus the mean absolute error is best at 0.
    let error = ModalityScore(PredictionTask(kind: .regression), regression: .error)
    expectClose(FusionLag(fused: -1, alone: [-0.5, -2], best: error.best, count: 9).rates(0.5), [0, 0.25], 1e-12)
    #expect(ModalityScore(PredictionTask(kind: .segmentation, classes: 4)).best == 1)
  }

  @Test func aLagWithinTwoStandardErrorsIsNone() {
    // √((0.87 · 0.13 + 0.9 · 0.1) / n): 0.026 for 300 samples, 0.007 for 4000.
    func lag(_ count: Int) -> [Double] { FusionLag(fused: 0.87, alone: [0.9, 0.7], best: 1, count: count).shares }
    #expect(lag(300) == [0, 0])
    expectClose(lag(4000), [0.03 / 0.13, 0], 1e-12)
  }

  private func expectClose(_ found: [Double], _ expected: [Double], _ tolerance: Double) {
    #expect(found.count == expected.count)
    for (a, b) in zip(found, expected) { #expect(abs(a - b) <= tolerance, "\(found)") }
  }

  /// A strategy after the end of an epoch, with a validation split on which its classifiers differ.
  private func measured(_ kind: PredictionTask.Kind) throws -> (
    ClassifierGuidedModulation, LabelledSplit, MultimodalModel
  ) {
    let configuration =
      kind == .segmentation
      ? Tiny.configuration("deeplab_v3plus", kind, modalities: 2) : Tiny.configuration("late_fusion", kind)
    let split = try Tiny.split(configuration, count: kind == .segmentation ? 4 : 40)
    let model = try Tiny.model(configuration)
    let strategy = try #require(
      try Tiny.strategy("cggm", model, "cggm: {drop: 0.9, dropping: lag}") as? ClassifierGuidedModulation)
    try strategy.endEpoch(0, validation: split, model: model)
    return (strategy, split, model)
  }

  @Test(arguments: [PredictionTask.Kind.classification, .multilabel, .regression, .segmentation])
  func theEpochsEndSetsTheRates(kind: PredictionTask.Kind) throws {
    let (strategy, split, model) = try measured(kind)
    let score = ModalityScore(model.configuration.task)
    model.train(false)
    strategy.classifiers.train(false)
    let whole = split.batch(Array(0..<split.count))
    let output = model(whole.inputs, encodings: true)
    let scores = score(
      [output.prediction] + strategy.classifiers(output.encoded).map(\.prediction), whole.target)
    let expected = FusionLag(fused: scores[0], alone: Array(scores[1...]), best: score.best, count: split.count).rates(
      0.9)
    expectClose(strategy.dropRates, expected, 1e-6)
    for (name, value) in zip(["fused"] + model.configuration.modalities.map(\.name), scores) {
      let logged = strategy.metrics().first { $0.name == "validation_score/\(name)" }
      #expect(abs(try #require(logged).value - value) < 1e-6)
    }
  }

  @Test func theFusionLosesWhatTheRatesSay() throws {
    let (strategy, split, model) = try measured(.classification)
    var state = Dictionary(uniqueKeysWithValues: strategy.state().map { ($0.key, $0.tensor) })
    let rates = [0.6, 0, 0.1]
    state["drop"] = Tensor(rates)
    try strategy.load(state, file: nil)
    #expect(strategy.dropRates == rates)
    let inputs = split.batch((0..<2000).map { $0 % split.count }).inputs
    let encoded = model(inputs, encodings: true).encoded
    let left = ownRandomNumbers { strategy.fusionInput(encoded, of: inputs) }
    let lost = left.map { Double($0.values.abs().sum(1, 2).floats.count { $0 == 0 }) / 2000 }
    expectClose(lost, rates, 0.04)
    #expect(lost[1] == 0)
    let again = try #require(
      try Tiny.strategy("cggm", model, "cggm: {drop: 0.9, dropping: lag}") as? ClassifierGuidedModulation)
    #expect(again.dropRates == [0, 0, 0], "nothing is dropped in the first epoch")
    try again.load(Dictionary(uniqueKeysWithValues: strategy.state().map { ($0.key, $0.tensor) }), file: nil)
    #expect(again.dropRates == rates)
    let restored = ownRandomNumbers { again.fusionInput(encoded, of: inputs) }
    #expect(zip(left, restored).allSatisfy { $0.values.floats == $1.values.floats })
  }
}
