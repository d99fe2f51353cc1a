import Foundation
import Polyphony
import Testing
import Torch

/// Costs of tuning, few samples of new classes, and the suite that measures transfer.
@Suite struct TransferTests {
  /// Ten classes in two modalities, one of them with lengths.
  private func data(_ folder: String, perClass: Int = 6) throws -> Dataset {
    let description = DatasetDescription(
      name: "toy", task: .init(kind: .classification, classes: 10),
      modalities: [.sequence("a", features: 3, length: 4), .vector("b", features: 2)])
    let count = 10 * perClass
    func split(_ name: String, _ seed: UInt64) -> DatasetWriter.Split {
      let generator = Generator(seed: seed)
      return .init(
        name,
        Inputs(
          [.normal([count, 4, 3], generator: generator), .normal([count, 2], generator: generator)],
          lengths: [Tensor((0..<count).map { 1 + $0 % 4 }), nil]),
        target: Tensor((0..<count).map { $0 % 10 }), ids: (0..<count).map { Int(seed) * 1000 + $0 })
    }
    try DatasetWriter.write(description, [split("train", 1), split("valid", 2), split("test", 3)], to: folder)
    return try Dataset(folder)
  }

  @Test func filteringKeepsSamplesAndCountsClassesAnew() throws {
    try withTemporaryFolder { folder in
      let split = try data(folder + "/toy").labelled("train")
      let chosen = try split.filtered(classes: [7, 2])
      #expect(chosen.count == 12)
      #expect(chosen.samples.ids == (0..<60).filter { [7, 2].contains($0 % 10) }.map { 1000 + $0 })
      #expect(chosen.target.integers == (0..<60).compactMap { $0 % 10 == 7 ? 0 : $0 % 10 == 2 ? 1 : nil })
      let batch = chosen.batch([0, 3])
      #expect(batch.inputs.lengths[0]?.integers == [1 + 2 % 4, 1 + 17 % 4])
      expectClose(batch.inputs.modalities[0][1], split.batch([17]).inputs.modalities[0][0], 0, "a sample's features")
      #expect(throws: Fault.self) { try split.filtered(classes: []) }
      #expect(throws: Fault.self) { try split.filtered(classes: [1, 1]) }
      let fault = #expect(throws: Fault.self) { try split.filtered(classes: [1, 10]) }
      #expect(fault?.found == "10")
    }
  }

  @Test func subsamplingFollowsFromTheSeed() throws {
    try withTemporaryFolder { folder in
      let split = try data(folder + "/toy").labelled("train")
      let (one, same, other) = (
        try split.subsampled(perClass: 2, seed: 1), try split.subsampled(perClass: 2, seed: 1),
        try split.subsampled(perClass: 2, seed: 2)
      )
      #expect(one.samples.ids == same.samples.ids)
      #expect(one.samples.ids != other.samples.ids)
      #expect(one.target.integers.sorted() == (0..<20).map { $0 / 2 })
      #expect(Set(one.samples.ids ?? []).count == 20)
      #expect(try split.subsampled(perClass: 100, seed: 1).count == 60)
      #expect(throws: Fault.self) { try split.subsampled(perClass: 0, seed: 1) }
    }
  }

  @Test(arguments: ["wander", "lora", "full"]) func costsAreMeasuredWithoutATrace(method: String) throws {
    let golden = try Golden("late_fusion")
    let model = try golden.model()
    let installation = try TuningCase(method).install(on: model)
    let prediction = model(try golden.inputs).prediction.floats
    let count = model.parameterCount
    let cost = try TuningCost.measure(
      installation, Batch(try golden.inputs, target: try golden.tensor("target")), repeats: 2)
    #expect(cost.totalParameters == count.total && cost.trainableParameters == count.trainable)
    #expect(cost.secondsPerStep > 0 && cost.latency > 0 && cost.baseLatency > 0)
    #expect(cost.addedLatency == cost.latency - cost.baseLatency)
    #if os(Linux)
      #expect((cost.peakMemory ?? 0) > 1 << 20)
    #endif
    #expect(model(try golden.inputs).prediction.floats == prediction)
    #expect(model.trainableParameters().allSatisfy { $0.storage.tensor?.gradient == nil })
    #expect(installation.isEnabled && model.backbone.isTraining)
  }

  @Test func aSuiteRunsFromPretrainingToScores() throws {
    try withTemporaryFolder { folder in
      let data = try data(folder + "/toy")
      var suite = TransferSuite.numerals
      (suite.model.width, suite.model.heads, suite.model.layers) = (4, 2, 1)
      (suite.pretraining.epochs, suite.tuning.epochs) = (1, 1)
      (suite.samplesPerClass, suite.seeds, suite.methods) = ([2], [0, 1], ["head", "wander"])
      try suite.pretrain(data, to: folder + "/base")
      let fingerprint = try ModelFolder.fingerprint(folder + "/base")
      let rows = try suite.run(data, base: folder + "/base")
      #expect(rows.map(\.method) == ["head", "head", "wander", "wander"])
      #expect(rows.allSatisfy { $0.metrics["accuracy"] != nil && $0.trainableParameters < $0.totalParameters })
      #expect(try ModelFolder.fingerprint(folder + "/base") == fingerprint)
      let task = try suite.task(data, samplesPerClass: 2, seed: 0)
      #expect(task.training.count == 10 && task.validation.count == 10 && task.test.count == 30)
      suite.targetClasses = [4, 5, 6, 7, 8]
      #expect(throws: Fault.self) { try suite.pretrain(data, to: folder + "/none") }
    }
  }

  @Test func aRunLeavesItsAdapter() throws {
    try withTemporaryFolder { folder in
      let data = try data(folder + "/toy")
      var suite = TransferSuite.numerals
      (suite.model.width, suite.model.heads, suite.model.layers) = (4, 2, 1)
      suite.pretraining.epochs = 1
      try suite.pretrain(data, to: folder + "/base")
      let task = try suite.task(data, samplesPerClass: 3, seed: 0)
      var training = TrainingSettings()
      training.epochs = 2
      let run = TuningRun(base: folder + "/base", method: "wander", training: training, seed: 5)
      let output = try RunFolder(folder + "/run", existing: .refuse)
      let result = try run.run(training: task.training, validation: task.validation, folder: output)
      let expected = result.installation.model.predict(task.test.samples).prediction
      let model = try ModelFolder.read(folder + "/base")
      try AdapterFolder.attach(output.adapter, to: model, base: folder + "/base")
      expectClose(model.predict(task.test.samples).prediction, expected, 0, "the adapter that was written")
    }
  }
}
