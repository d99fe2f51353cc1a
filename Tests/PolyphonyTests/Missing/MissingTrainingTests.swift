import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// Missing data in the training loop.
@Suite struct MissingTrainingTests {
  @Test func patternsFollowFromSeedEpochAndIndex() throws {
    let data = MissingFixtures.split(40)
    func corruption(_ seed: UInt64) throws -> MissingCorruption {
      try MissingCorruption(
        .sample(0.7), training: data.samples, validation: data.samples, MissingFixtures.modalities, seed: seed)
    }
    let (one, two) = (try corruption(1), try corruption(1))
    let third = two.mask(epoch: 3).hash
    _ = two.mask(epoch: 0)
    #expect(one.mask(epoch: 3).hash == third && two.mask(epoch: 3).hash == third, "whatever was asked before")
    #expect(one.mask(epoch: 2).hash != third, "another epoch, another mask")
    #expect(one.validationMask.hash == two.validationMask.hash)
    #expect(try corruption(2).mask(epoch: 3).hash != third)
    let whole = one.training(data.samples.inputs, indices: Array(0..<40), epoch: 3).presence
    let part = one.training(data.samples.rows([7, 30]), indices: [7, 30], epoch: 3).presence
    #expect(part?.integers == whole?.rows(Tensor([7, 30])).integers)
  }

  /// A run that was cut after an epoch ends with the same bits as one that was not.
  @Test func aResumedRunSeesTheSamePatterns() throws {
    try withTemporaryFolder { folder in
      let data = MissingFixtures.split(24)
      let start = try MissingFixtures.model()
      try MissingFixtures.install("prompts", on: start)
      let prompts = start.attachments[0].state().map { ($0.key, $0.tensor) }
      func run(_ epochs: Int, _ name: String, resume: Bool = false, rule: MissingProtocol = .sample(0.7)) throws
        -> MultimodalModel
      {
        let model = try MissingFixtures.twin(of: start)
        try MissingFixtures.install("prompts", on: model)
        try model.attachments[0].load(Dictionary(uniqueKeysWithValues: prompts))
        try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        try MissingFixtures.train(model, data, epochs: epochs, rule: rule, folder: "\(folder)/\(name)", resume: resume)
        return model
      }
      let whole = try run(4, "whole")
      _ = try run(2, "parts")
      let parts = try run(4, "parts", resume: true)
      for (left, right) in zip(whole.trainableParameters(), parts.trainableParameters()) {
        #expect(left.storage.tensor!.floats == right.storage.tensor!.floats, "\(left.key)")
      }
      let fault = expectFault(.usage) { _ = try run(5, "parts", resume: true, rule: .sample(0.5)) }
      #expect(fault?.found?.contains("sample:0.7, seed 5 → sample:0.5, seed 5") == true, "\(String(describing: fault))")
    }
  }

  /// With distillation, the loss has the distance to the representation of the complete samples.
  @Test func distillationComparesWithTheCompleteSample() throws {
    let model = try MissingFixtures.model("late_fusion")
    let method = try MissingFixtures.install("prompts", "{distillation: 0.5}", on: model)
    let hook = try #require(method.stepHook)
    #expect(try MissingFixtures.method("prompts", "", model.configuration).method.stepHook == nil)
    let complete = MissingFixtures.split(7).samples.inputs
    var incomplete = complete
    incomplete.presence = MissingFixtures.split(7, patterns: true).samples.inputs.presence
    func step(_ inputs: Inputs) -> TrainingStep {
      let (output, loss) = (model(inputs), TaskLoss(model.configuration.task))
      let batch = Batch(inputs, target: .zeros([7, 1]))
      return TrainingStep(
        epoch: 0, index: 0, model: model, optimizer: Adam([]), batch: batch, output: output, loss: loss,
        taskLoss: loss(output.prediction, batch.target), complete: complete)
    }
    let whole = step(complete)
    #expect(hook.loss(whole).item == whole.taskLoss.item, "nothing is missing")
    let parted = step(incomplete)
    let taught = model(complete).representation
    let distance = (parted.output.representation - taught).squared().mean().item / taught.squared().mean().item
    #expect(distance > 0.01)
    #expect(abs(hook.loss(parted).item - parted.taskLoss.item - 0.5 * distance) < 1e-5 * (1 + distance))
    hook.loss(parted).backward()
    #expect(try model.prompt("signal.text.missing").gradient != nil)
  }

  /// Data that lacks modalities of itself is trained on and evaluated as it is.
  @Test func ownPresenceIsEnough() throws {
    let data = MissingFixtures.split(28, patterns: true, padded: true)
    let model = try MissingFixtures.model()
    try MissingFixtures.install("prompts", on: model)
    let before = try model.evaluate(data).loss
    try MissingFixtures.train(model, data, epochs: 8, rule: nil)
    #expect(try model.evaluate(data).loss < before)
  }

  /// A model trained with missing data is judged on validation with missing data.
  @Test func validationIsCorruptedToo() throws {
    let data = MissingFixtures.split(40)
    let model = try MissingFixtures.model()
    try MissingFixtures.install("prompts", on: model)
    final class Watcher: TrainingObserver {
      var loss = 0.0
      func didEndEpoch(_ record: EpochRecord) throws(Fault) { loss = record.validation.loss }
    }
    let watcher = Watcher()
    var settings = TrainingSettings()
    settings.epochs = 1
    let corruption = try MissingCorruption(
      .sample(0.9), training: data.samples, validation: data.samples, MissingFixtures.modalities, seed: 0)
    _ = try Trainer(
      model, training: data, validation: data, settings: settings, seed: 0, corruption: corruption, observers: [watcher]
    ).run()
    let mask = corruption.validationMask
    #expect(try model.evaluate(data, prepare: { mask.apply(to: $0, indices: $1) }).loss == watcher.loss)
    #expect(try model.evaluate(data).loss != watcher.loss)
  }
}
