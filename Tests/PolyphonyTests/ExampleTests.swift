import Foundation
import Polyphony
import PolyphonyExamples
import Testing
import Torch

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
    let training = TrainingRun(
      recipe: tree, data: folder + "/data", output: folder + "/run", strategies: [balance])
    return try #require(try training.run().results.first)
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
}
