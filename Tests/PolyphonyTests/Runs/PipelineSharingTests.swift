import Foundation
import Testing

@testable import Polyphony

/// Processes divide a pipeline by what its folders hold.
@Suite struct PipelineSharingTests {
  @Test func aWorkerLeavesNothingToDo() throws {
    try withTemporaryFolder { folder in
      try PipelineFixtures.data("\(folder)/data")
      let stages = "stages: [train: {model: {width: 8, heads: 2, layers: 1}, training: {epochs: 1}}]"
      let tree = try SettingsTree(yaml: "data: \(folder)/data\nseeds: 2\n\(stages)\n", file: "recipe.yaml")
      let recipe = try PipelineRecipe(tree, .single)
      let pipeline = try Pipeline(recipe, output: "\(folder)/out")
      var progress = try PipelineProgress(pipeline)
      #expect(progress.openCells == 2 && progress.stages == .init(done: 0, all: 2))

      let worker = Pipeline(recipe, sharing: "\(folder)/out")
      #expect(try worker.fingerprint() == pipeline.fingerprint())
      #expect(try worker.work())
      let isFinished = progress.look()
      #expect(isFinished && progress.stages.done == 2 && progress.models == .init(done: 2, all: 2))
      let after = try PipelineProgress(pipeline)
      #expect(after.openCells == 0 && after.models.done == 2)

      // A damaged stage and lost scores are open again, and a finished file of before does not count.
      let index = try pipeline.index()
      let stage = "\(folder)/out/\(try #require(index.runs.first?.stages.first).folder)"
      try Data([1, 2, 3]).write(to: URL(fileURLWithPath: "\(stage)/model/model.safetensors"))
      var damaged = try PipelineProgress(pipeline)
      #expect(damaged.openCells == 1 && damaged.stages.done == 1 && damaged.models.done == 2)
      let isNewBefore = damaged.look()
      #expect(try worker.work())
      let isNewAfter = damaged.look()
      #expect(!isNewBefore && isNewAfter && damaged.stages.done == 2)
    }
  }

  @Test func anotherSeedIsOtherWork() throws {
    try withTemporaryFolder { folder in
      try PipelineFixtures.data("\(folder)/data")
      func fingerprint(seeds: String) throws -> String {
        let stages = "stages: [train: {model: {width: 8, heads: 2, layers: 1}, training: {epochs: 1}}]"
        let tree = try SettingsTree(yaml: "data: \(folder)/data\nseeds: \(seeds)\n\(stages)\n", file: "recipe.yaml")
        return try Pipeline(try PipelineRecipe(tree, .single), sharing: "\(folder)/out").fingerprint()
      }
      #expect(try fingerprint(seeds: "[0, 1]") == fingerprint(seeds: "2"))
      #expect(try fingerprint(seeds: "[0, 2]") != fingerprint(seeds: "2"))
    }
  }

  @Test(arguments: [
    ["compare", "r.yaml", "--processes", "2", "--output", "out"],
    ["compare", "--processes=2", "r.yaml", "--output", "out"],
    ["compare", "r.yaml", "--output", "out", "--resume", "--processes"],
  ])
  func theNumberOfProcessesIsNoConditionOfAResult(arguments: [String]) {
    #expect(RunEnvironment.lasting(arguments) == ["compare", "r.yaml", "--output", "out"])
  }
}
