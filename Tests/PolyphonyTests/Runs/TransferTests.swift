import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonySettings
@testable import PolyphonySupport

/// Tests the costs of tuning, the transfers, and the suite that compares methods on them.
@Suite struct TransferTests {
  /// Makes ten classes in two modalities, one of them with lengths.
  private func data(_ folder: String, perClass: Int = 6, secondScale: Double = 1) throws -> Dataset {
    let description = DatasetDescription(
      name: "toy", task: .init(kind: .classification, classes: 10),
      modalities: [.sequence("a", features: 3, length: 4), .vector("b", features: 2)])
    let count = 10 * perClass
    func split(_ name: String, _ seed: UInt64) -> DatasetWriter.Split {
      let generator = Generator(seed: seed)
      return .init(
        name,
        Inputs(
          [
            .normal([count, 4, 3], generator: generator), .normal([count, 2], generator: generator) * secondScale,
          ],
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

  private static let tiny = """
    model: {width: 4, heads: 2, layers: 1}
    pretraining: {epochs: 1}
    training: {epochs: 1}
    rates: [0.001, 0.01]
    rate_seeds: 1
    """

  private func recipe() throws -> TransferRecipe {
    try SettingsReader.read(try SettingsTree(yaml: Self.tiny, file: "tiny")) { (reader) throws(Fault) in
      try TransferRecipe(reader)
    }.value
  }

  @Test func aSuiteRunsFromPretrainingToScoresAndGoesOn() throws {
    try withTemporaryFolder { folder in
      let task = try TransferTask.classes(try data(folder + "/toy"))
      #expect(task.sources[0].splits.training.count == 30 && task.target.training.count == 30)
      #expect(Set(task.target.test.target.integers) == [0, 1, 2, 3, 4])
      let few = try task.target(.samples(2), seed: 0)
      #expect(few.training.count == 10 && few.validation.count == 10 && few.test.count == 30)
      var suite = TransferSuite(
        task, try recipe(), variants: try TransferVariant.list("head,lora{rank: 1}"), seeds: [0, 1, 2],
        folder: folder + "/out")
      suite.amounts = [.samples(2), .all]
      let rows = try #require(try ownRandomNumbers { try suite.run() })
      #expect(rows.map(\.name) == ["head", "lora{rank: 1}", "head", "lora{rank: 1}"])
      #expect(rows.map { $0.conditions["samples"] } == ["2", "2", "all", "all"])
      for row in rows {
        let count = try #require(row.parameters)
        #expect(row.seeds == [0, 1, 2] && row.aggregates["accuracy"]?.mean != nil)
        #expect(count.trainable < count.total && row.cost != nil)
        // LoRA of rank 1 trains a row and a column of the 4 × 4 matrices q and v in two encoders of one layer.
        #expect(count.added == (row.name == "head" ? 0 : 2 * 2 * (4 + 4)))
      }
      // The head alone has the fewest parameters of all, so no other method beats it in both.
      #expect(rows[0].conditions["front"] == "yes")
      // One seed tries both rates, the other two the chosen one. This makes four files per row.
      let files = try FileManager.default.subpathsOfDirectory(atPath: folder + "/out/runs").filter {
        $0.hasSuffix(".json")
      }
      #expect(files.count == 16)

      // Scores on disk are not computed again.
      let file = try #require(files.first { $0.hasPrefix("2/head") && $0.hasSuffix("seed-2.json") })
      let path = folder + "/out/runs/" + file
      let text = try String(contentsOfFile: path, encoding: .utf8)
      let changed = text.replacingOccurrences(
        of: #"("accuracy": \{[^}]*"values": \[)[^\]]*"#, with: "$10.125", options: .regularExpression)
      #expect(changed != text)
      try changed.write(toFile: path, atomically: true, encoding: .utf8)
      let accuracy = rows[0].aggregates["accuracy"]?.values.last
      #expect(accuracy != 0.125)
      let repeated = try ownRandomNumbers { try suite.run() }
      #expect(repeated?.first?.aggregates["accuracy"]?.values.last == accuracy, "a damaged score is made anew")
      #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
      try changed.write(toFile: path, atomically: true, encoding: .utf8)
      try HashList.write(of: ["seed-2.json"], in: path.parentFolder, to: "seed-2.sha256")
      #expect(try suite.run()?.first?.aggregates["accuracy"]?.values.last == 0.125)
    }
  }

  @Test func recordingsAreCutIntoHalves() throws {
    try withTemporaryFolder { folder in
      // The lengths are 1, 2, 3, 4, 1, … So each recording has four windows.
      let task = try TransferTask.halves(try data(folder + "/toy"))
      #expect(task.sources[0].splits.training.samples.ids == (1000..<1028).map(\.self))
      #expect(task.target.training.samples.ids == (1028..<1060).map(\.self))
      #expect(task.target.test.count == 60)
    }
  }

  @Test func oneModalityBecomesAll() throws {
    try withTemporaryFolder { folder in
      let task = try TransferTask.modality(try data(folder + "/toy"))
      #expect(task.sources[0].only == ["a"])
      let suite = TransferSuite(task, try recipe(), variants: [], seeds: [0], folder: folder + "/out")
      _ = try suite.run()
      let base = try ModelFolder.read(suite.base)
      #expect(base.configuration.only == nil, "the base sees all modalities when it is tuned")
      // The second modality has other numbers. They change the predictions of the base, but not those from the first
      // modality alone.
      let samples = task.target.test.samples
      let others = try data(folder + "/others", secondScale: 5).labelled("test").samples
      #expect(base.predict(samples).prediction.floats != base.predict(others).prediction.floats)
      try base.restrict(to: try #require(task.sources[0].only))
      #expect(base.predict(samples).prediction.floats == base.predict(others).prediction.floats)
    }
  }

  @Test(arguments: [2, 3, 5, 7], [false, true])
  func corporaShareTheirWorldAndDifferInTheirSamples(modalities: Int, inRelation: Bool) throws {
    let task =
      inRelation
      ? try TransferTask.relation(modalities: modalities, samples: 100)
      : try TransferTask.corpus(modalities: modalities, samples: 100)
    #expect(task.modalities.count == modalities)
    #expect(task.sources[0].splits.training.count == 70 && task.target.test.count == 15)
    let (one, other) = (
      task.sources[0].splits.training.samples.inputs.modalities, task.target.training.samples.inputs.modalities
    )
    #expect(zip(one, other).allSatisfy { $0.shape == $1.shape && $0.floats != $1.floats })
    let few = try task.target(.samples(20), seed: 1)
    #expect(few.training.count == 20 && few.validation.count == 15)
    #expect(few.training.samples.ids != (try task.target(.samples(20), seed: 2)).training.samples.ids)
  }

  /// Each encoder of the base is that of a training with its modality alone.
  @Test func encodersAreTakenFromTrainingsWithOneModality() throws {
    let task = try TransferTask.aligned(samples: 40)
    #expect(task.sources.map(\.only) == [["text"], ["audio"]] && task.modalities.map(\.name) == ["text", "audio"])
    func base(_ sources: [TransferSource]) throws -> [String: [UInt8]] {
      var own = task
      own.sources = sources
      let base = TransferBase(task: own, recipe: try recipe(), device: .cpu) { _ in }
      return bytes(try #require(try ownRandomNumbers { try base.pretrained() }))
    }
    // The same samples for all, because the first source also has the statistics of the inputs.
    let sources = ["text", "audio"].map { TransferSource(task.target, only: [$0]) }
    let (text, audio, both) = (try base([sources[0]]), try base([sources[1]]), try base(sources))
    #expect(text != audio)
    for (key, value) in both {
      let isAudio = key.hasPrefix("proj.1.") || key.hasPrefix("encoders.1.")
      #expect((value == (isAudio ? audio : text)[key]) as Bool, "\(key)")
    }
    var empty = task
    empty.sources = []
    #expect(throws: Fault.self) {
      try TransferBase(task: empty, recipe: try recipe(), device: .cpu) { _ in }.pretrained()
    }
  }

  @Test func oneModalityHasNothingToCombineWith() throws {
    let fault = #expect(throws: Fault.self) { try TransferTask.relation(modalities: 1, samples: 100) }
    #expect(fault?.key == "--modalities" && fault?.found == "1")
  }

  @Test func variantsCarryTheirSettings() throws {
    let variants = try TransferVariant.list("head, lora{rank: 2, targets: [q, k]},wander")
    #expect(variants.map(\.method) == ["head", "lora", "wander"])
    #expect(variants[1].description == "lora{rank: 2, targets: [q, k]}")
    #expect(variants[1].settings["rank"] != nil && variants[1].settings["targets"] != nil)
    #expect(try TransferVariant.list(TransferVariant.standard).count == 20)
    for wrong in ["", "lora{rank: 2", "loru", "lora{rank: 2}}"] {
      #expect(throws: Fault.self, "\(wrong)") { try TransferVariant.list(wrong) }
    }
  }

  @Test func theFrontHoldsWhatNothingBeats() {
    func row(_ name: String, _ trained: Int, _ mae: Double) -> RunResult {
      var row = RunResult(name: name, split: "test")
      row.parameters = ParameterCount(total: 1000, trainable: trained)
      row.conditions["samples"] = "5"
      row.add(seed: 0, ["mae": mae])
      return row
    }
    let rows = TransferFront.marked(
      [row("cheap", 10, 0.9), row("good", 100, 0.5), row("dear", 200, 0.6), row("best", 500, 0.4)], metric: "mae")
    #expect(rows.map { $0.conditions["front"] } == ["yes", "yes", "", "yes"])
  }

  @Test func aRunLeavesItsAdapter() throws {
    try withTemporaryFolder { folder in
      let data = try data(folder + "/toy")
      let suite = TransferSuite(
        try .classes(data), try recipe(), variants: try TransferVariant.list("head"), seeds: [0],
        folder: folder + "/suite")
      _ = try suite.run()
      let task = try suite.task.target(.samples(3), seed: 0)
      let life = TuneLife(
        model: suite.base, recipe: try SettingsTree(yaml: "training: {epochs: 2}", file: "recipe"),
        data: .splits(task), methods: ["wander"])
      let output = try RunFolder(folder + "/run", existing: .refuse)
      let result = try life.prepare(seeds: [5]).run("wander", seed: 5, folder: output)
      let expected = result.installation.model.predict(task.test.samples).prediction
      let model = try ModelFolder.read(suite.base)
      try AdapterFolder.attach(output.adapter, to: model, base: suite.base)
      expectClose(model.predict(task.test.samples).prediction, expected, 0, "the adapter that was written")
    }
  }
}
