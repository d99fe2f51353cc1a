import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// After deliberate collapses, the last good state returns and the result reports it.
@Suite struct CollapseGuardTests {
  /// Moves all parameters a little in each step, and collapses after a given step.
  private final class Collapsing: AdaptationMethod {
    enum Ruin { case zeros, explosion, notANumber, contrast }
    let name = "collapsing"
    var settings = AdaptationSettings()
    let tensors = AdaptedTensors(.norms, lastNorm: true)
    let ruin: Ruin
    let after: Int
    var steps = 0
    var hasAnotherStage = false
    private(set) var good: [Float] = []

    init(_ ruin: Ruin, after: Int) {
      (self.ruin, self.after) = (ruin, after)
      (settings.epochs, settings.batchSize) = (3, 10)
      settings.bounds.maximumDrift = ruin == .explosion ? 1 : 1e9
      settings.bounds.maximumMovement = 1e9
    }

    func adapt(_ batch: AdaptationBatch, _ session: AdaptationSession) throws(Fault) -> AdaptationStep {
      steps += 1
      let values = session.group.parameters.values
      guard steps > after else {
        noGrad { values.multiplyInPlace(0.99) }
        good = values.floats
        return AdaptationStep(loss: 1, contrast: 1, learned: batch.count)
      }
      switch ruin {
      case .zeros: noGrad { values.fillInPlace(0) }
      case .explosion: noGrad { values.fillInPlace(50) }
      case .notANumber: return AdaptationStep(loss: try session.update(session.group.parameters.values.sum() * .nan))
      case .contrast: return AdaptationStep(loss: 2, contrast: 2, learned: batch.count)
      }
      return AdaptationStep(loss: 1, learned: batch.count)
    }

    func didReturn(_ session: AdaptationSession) throws(Fault) -> Bool { hasAnotherStage }
  }

  private func values(_ model: MultimodalModel) -> [Float] {
    model.trainableParameters().flatMap { $0.storage.tensor!.floats }
  }

  @Test(arguments: [
    (0, CollapseRecord.Measure.spread), (1, .drift), (2, .loss), (3, .contrast),
  ]) func goesBackAndSaysSo(ruin: Int, measure: CollapseRecord.Measure) throws {
    let adapting = Adapting()
    let model = try adapting.model()
    let method = Collapsing([.zeros, .explosion, .notANumber, .contrast][ruin], after: 2)
    let outcome = try adapting.loop(model, method: method).run(isStopped: { false })
    // The first epoch has two steps and is good. The collapse comes in the second epoch.
    let report = try #require(outcome.returns.first)
    #expect(outcome.returns.count == 1 && report.measure == measure && report.epoch == 2)
    #expect(report.description.contains(measure.rawValue) && report.description.contains("last good state"))
    #expect(values(model) == method.good, "as after the first epoch")
    #expect(outcome.records.count == 1, "the collapsed epoch is no result")
    #expect(outcome.prediction.isFinite)
  }

  @Test func goesBackToTheSourceWhenNothingWasGood() throws {
    let adapting = Adapting()
    let model = try adapting.model()
    let before = bytes(model)
    let outcome = try adapting.loop(model, method: Collapsing(.zeros, after: 0)).run(isStopped: { false })
    #expect(outcome.returns.map(\.measure) == [.spread] && bytes(model) == before)
  }

  @Test(arguments: [0, 2]) func aStreamGoesOnAfterAReturn(ruin: Int) throws {
    var adapting = Adapting()
    (adapting.isOnline, adapting.count) = (true, 40)
    let model = try adapting.model()
    let method = Collapsing([.zeros, .explosion, .notANumber][ruin], after: 2)
    let outcome = try adapting.loop(model, method: method).run(isStopped: { false })
    #expect(outcome.records.count == 4, "every batch was met")
    #expect(outcome.returns.count == 2 && values(model) == method.good)
    let updated = try #require(outcome.updated)
    #expect(updated[20..<40].isFinite && updated[30..<40].variance(0).item > 0, "said by the state gone back to")
  }

  @Test func withoutTheGuardANumberThatIsNoneIsAFault() throws {
    let method = Collapsing(.notANumber, after: 1)
    method.settings.bounds.isEnabled = false
    let adapting = Adapting()
    let fault = #expect(throws: Fault.self) {
      try adapting.loop(adapting.model(), method: method).run(isStopped: { false })
    }
    #expect(fault?.kind == .failure)
    let unwatched = Collapsing(.zeros, after: 1)
    unwatched.settings.bounds.isEnabled = false
    let outcome = try adapting.loop(adapting.model(), method: unwatched).run(isStopped: { false })
    #expect(outcome.returns.isEmpty && outcome.prediction.variance(0).item < 1e-12, "collapsed, as asked for")
  }

  @Test func caspGoesOnWithItsSecondStage() throws {
    var adapting = Adapting.named("casp")
    // There are two snapshots when the parameters leave their bounds.
    adapting.settings =
      "contrast_epochs: 40, snapshot_interval: 1, pseudo_epochs: 1, share: 0.5, guard: {max_drift: 0.1, max_movement: 1000}"
    let (model, outcome) = try adapting.run()
    #expect(outcome.returns.first?.measure == .drift)
    #expect(try #require(outcome.selected).count >= 10)
    let drift = try #require(outcome.records.map(\.drift).max())
    #expect(drift <= 0.1, "what is kept was within bounds")
    #expect(Tiny.isFinite(model))
  }

  @Test func aSourceWithoutSpreadHasNoneToLose() throws {
    let adapting = Adapting.named("casp")
    let one = adapting.samples().inputs
    let constant = Inputs(one.modalities.map { $0[0..<1].expanded(20, -1, -1).contiguous() })
    let (_, outcome) = try adapting.run(UnlabelledSplit(name: "constant", inputs: constant))
    #expect(!outcome.returns.contains { $0.measure == .spread })
  }

  /// The bound on movement also bounds the loss of accuracy of a regression.
  @Test func movementBoundsWhatIsLost() throws {
    var adapting = Adapting.named("casp")
    adapting.settings += ", guard: {max_movement: 0.02, max_drift: 100}"
    let samples = adapting.samples()
    let source = try adapting.model().predict(samples).prediction
    let (_, outcome) = try adapting.run()
    #expect(outcome.returns.contains { $0.measure == .movement }, "ten times the usual learning rate")
    let spread = source.to(.float64).variance(0).mean().sqrt().item
    let moved = (outcome.prediction - source).abs().mean().item
    #expect(moved <= 0.02 * spread * 1.0001)
    for shift in [-2.0, 0, 1] {
      let error = { (prediction: Tensor) in (prediction - shift).abs().mean().item }
      #expect(error(outcome.prediction) <= error(source) + 0.02 * spread * 1.0001)
    }
  }
}
