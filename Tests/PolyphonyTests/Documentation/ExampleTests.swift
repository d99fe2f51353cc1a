import Foundation
import Polyphony
import PolyphonyExamples
import Testing
import Torch

@testable import PolyphonySettings

/// The examples do what their documentation says, through nothing but the public interface.
@Suite struct ExampleTests {
  private func run(_ folder: String, balance: String) throws -> RunResult {
    GatedFusion.register()
    EqualizedGradients.register()
    var generator = SyntheticSentiment()
    generator.samples = 400
    try DatasetWriter.write(generator.description, try generator.make(), to: folder + "/data")
    let tree = try SettingsTree(
      yaml: """
        model: {architecture: gated_fusion, width: 16, heads: 2, layers: 1}
        training: {epochs: 6, batch_size: 32, learning_rate: 0.003}
        """, file: "example")
    let life = TrainLife(recipe: tree, data: folder + "/data", methods: [balance])
    return try #require(try MethodGrid(life, output: folder + "/run").run().results.first)
  }

  @Test(arguments: ["joint", "equalized", "cggm"]) func anOwnBackboneTrains(balance: String) throws {
    try withTemporaryFolder { folder in
      let result = try run(folder, balance: balance)
      let mae = try #require(result.aggregates["mae"]?.mean)
      // The mean absolute deviation of the targets is about 1.5.
      #expect(mae < 1.3)
      let model = try ModelFolder.read(folder + "/run/model")
      #expect(model.backbone is GatedFusion)
    }
  }

  @Test func anOwnDataSetIsWrittenAndReadBack() throws {
    try withTemporaryFolder { folder in
      try GestureRecordings.write(to: folder + "/gestures")
      let written = GestureRecordings.split("train", count: 240, seed: 1)
      let read = try GestureRecordings.read(folder + "/gestures")
      for (one, other) in zip(written.inputs.modalities, read.samples.inputs.modalities) {
        #expect(one.floats == other.floats)
      }
      #expect(try #require(read.samples.inputs.lengths[0]).integers == (0..<240).map { 12 - $0 % 4 })
      let force = try #require(read.samples.inputs.isPresent(1))
      #expect(force.integers == (0..<240).map { $0 % 5 == 0 ? 0 : 1 })
      #expect(read.target.integers == (0..<240).map { $0 % 3 })

      let rows = try Walkthrough.train(folder + "/gestures", to: folder + "/runs")
      #expect(rows.map(\.name) == ["joint", "equalized"])
      // Chance is one in three.
      for row in rows { #expect(try #require(row.aggregates["accuracy"]?.mean) > 0.6) }
    }
  }

  @Test func aFirstModelIsTrained() throws {
    try withTemporaryFolder { folder in
      var generator = SyntheticSentiment()
      generator.samples = 60
      try DatasetWriter.write(generator.description, try generator.make(), to: folder + "/data")
      #expect(try FirstModel.train(folder + "/data")["mae"] != nil)
    }
  }

  /// One model through all four lives, as the articles show them.
  @Test func fourLives() throws {
    try withTemporaryFolder { folder in
      var generator = SyntheticSentiment()
      generator.samples = 300
      let data = folder + "/data"
      try DatasetWriter.write(generator.description, try generator.make(), to: data)

      let rows = try FourLives.trainBalanced(data, to: folder + "/runs")
      #expect(rows.map(\.name) == ["joint", "cggm"] && rows.allSatisfy { $0.seeds == [0, 1] })
      #expect(rows.allSatisfy { $0.aggregates["mae"]?.mean != nil && $0.aggregates["text/shapley"]?.mean != nil })

      let base = folder + "/runs/joint/seed-0/model"
      let share = try FourLives.tune(base, data)
      #expect(share.trained > 0 && share.trained < share.of / 2)

      let sweeps = try FourLives.surviveMissing(base, data, to: folder + "/prompts")
      #expect(sweeps.base.rows.map(\.missing) == sweeps.prompts.rows.map(\.missing) && sweeps.base.rows.count == 3)
      #expect(zip(sweeps.base.rows, sweeps.prompts.rows).allSatisfy { $0.hash == $1.hash })
      #expect(FileManager.default.fileExists(atPath: folder + "/prompts/adapter/adapter_model.safetensors"))

      let outcome = try FourLives.adapt(base, data)
      let count = try Dataset(data).unlabelled("train").count
      #expect(outcome.method == "casp" && outcome.prediction.size(0) == count)
      #expect(outcome.parameters.adapted > 0 && outcome.parameters.adapted < outcome.parameters.total / 20)
    }
  }
}
