import Foundation
import Polyphony
import Testing
import Torch

/// The formulas of the baselines.
@Suite struct BaselineMethodTests {
  private func entropy(_ prediction: Tensor) -> Double {
    let log = prediction.logSoftmax(1)
    return -(log.exp() * log).sum(1).mean().item
  }

  @Test(arguments: ["tent", "sar", "eata"]) func entropyFalls(method: String) throws {
    var adapting = Adapting.named(method)
    adapting.kind = .classification
    adapting.settings += adapting.settings.isEmpty ? "epochs: 5" : ", epochs: 5"
    if method == "eata" { adapting.settings += ", fisher_weight: 0" }
    let before = try adapting.model().predict(adapting.samples()).prediction
    let (_, outcome) = try adapting.run()
    #expect(entropy(outcome.prediction) < entropy(before) - 1e-3)
  }

  @Test func unreliableSamplesAreLeftAlone() throws {
    for method in ["eata", "sar"] {
      var adapting = Adapting.named(method)
      (adapting.kind, adapting.settings) = (.classification, "margin: 0.001, epochs: 3")
      let (model, outcome) = try adapting.run()
      #expect(bytes(model) == bytes(try adapting.model()))
      #expect(outcome.records.allSatisfy { $0.learned == 0 && $0.loss == nil })
    }
  }

  @Test func fisherHoldsTheParametersNearTheSource() throws {
    var adapting = Adapting.named("eata")
    adapting.kind = .classification
    func drift(_ weight: Int) throws -> Double {
      var adapting = adapting
      adapting.settings += ", epochs: 5, clip: 0, optimizer: sgd, fisher_weight: \(weight)"
      return try #require(try adapting.run().outcome.records.last).drift
    }
    #expect(try drift(100) < drift(0) * 0.9)
  }

  @Test func sarBecomesTheSourceAgain() throws {
    var adapting = Adapting.named("sar")
    (adapting.kind, adapting.settings) = (.classification, "margin: 1.1, reset_below: 100")
    let (model, outcome) = try adapting.run()
    #expect(outcome.records[0].learned == 20, "it learned")
    #expect(bytes(model) == bytes(try adapting.model()), "and forgot after every step")
  }

  @Test func entropyOfARegressionIsLabelled() throws {
    for method in ["tent", "eata", "sar", "read"] {
      let (_, outcome) = try Adapting.named(method).run()
      #expect(outcome.notes.contains { $0.contains("bins of the predicted value") })
    }
    var classes = Adapting.named("tent")
    classes.kind = .classification
    #expect(try !classes.run().outcome.notes.contains { $0.contains("bins of the predicted value") })
  }

  @Test func normSaysThatLayerNormsKeepNoStatistics() throws {
    let (_, outcome) = try Adapting.named("norm").run()
    #expect(outcome.notes.first?.contains("no effect") == true && outcome.parameters.adapted == 0)
  }

  @Test func normTakesTheTargetsStatistics() throws {
    var adapting = Adapting.named("norm")
    (adapting.architecture, adapting.kind, adapting.count, adapting.modalities) = (
      "deeplab_v3plus", .segmentation, 9, 1
    )
    let samples = adapting.samples()
    let (model, _) = try adapting.run(samples)
    let state = Dictionary(uniqueKeysWithValues: model.backbone.state().map { ($0.key, $0.tensor) })
    let weight = try #require(state["encoders.0.backbone.conv1.weight"])
    let map = samples.inputs.modalities[0].convolution(
      weight, nil, stride: [2, 2], padding: [3, 3], dilation: [1, 1])
    let mean = try #require(state["encoders.0.backbone.bn1.running_mean"])
    let variance = try #require(state["encoders.0.backbone.bn1.running_var"])
    expectClose(mean, map.mean(0, 2, 3), 1e-4, "mean over all samples")
    expectClose(variance, map.variance(0, 2, 3), 5e-3, "variance over all samples")
    adapting.settings = "source_share: 1"
    let (same, _) = try adapting.run(samples)
    #expect(bytes(same) == bytes(try adapting.model()), "all of the source's: nothing changes")
  }

  @Test func theStudentFollowsViews() throws {
    var adapting = Adapting.named("mean-teacher")
    adapting.settings = "views: 4, restore: 0, targets: norms, epochs: 2"
    let (_, outcome) = try adapting.run()
    #expect(outcome.records.allSatisfy { ($0.loss ?? 0) > 0 })
    adapting.settings = "views: 4, restore: 1, targets: norms"
    let (restored, _) = try adapting.run()
    #expect(bytes(restored) == bytes(try adapting.model()), "restored with certainty")
  }

  @Test func readBalancesAndSharpens() throws {
    var adapting = Adapting.named("read")
    adapting.kind = .classification
    adapting.settings = "epochs: 5"
    let before = try adapting.model().predict(adapting.samples()).prediction
    let (_, outcome) = try adapting.run()
    func loss(_ prediction: Tensor) -> Double {
      let p = prediction.softmax(1)
      let surest = p.maximum(1)
      let confident = (surest * (1 - surest.log() - 1)).mean().item
      let mean = p.mean(0)
      return confident + (mean * mean.log()).sum().item
    }
    #expect(loss(outcome.prediction) < loss(before))
    #expect(abs(try #require(outcome.records.first?.loss) - loss(before)) < 0.2)
  }

  @Test func ablationsLeaveOutTheirHalf() throws {
    #expect(
      try Adapting.named("casp-contrast").run().outcome.records.map(\.stage) == Array(repeating: "contrast", count: 4))
    #expect(try Adapting.named("casp-pseudo").run().outcome.records.map(\.stage) == ["pseudo", "pseudo"])
    let full = try Adapting.named("casp").run()
    let random = try Adapting.named("casp-random").run()
    #expect(full.outcome.records.map(\.stage) == random.outcome.records.map(\.stage))
    #expect(full.outcome.selected?.count == random.outcome.selected?.count)
    #expect(full.outcome.selected != random.outcome.selected)
    #expect(full.outcome.records[..<4] == random.outcome.records[..<4], "the same first stage")
  }
}
