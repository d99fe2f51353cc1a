import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// Runs the program's commands on valid input.
@Suite struct ProgramTests {
  @Test(arguments: ["late_fusion", "early_fusion", "encoder_fusion", "mult", "prompted_mult"])
  func predictsWhatThePublishedImplementationPredicts(name: String) throws {
    let golden = try Golden(name)
    try withTemporaryFolder { folder in
      // Another tool would write the folder like this, with weights under their published names.
      try FileManager.default.createDirectory(atPath: folder + "/model", withIntermediateDirectories: true)
      try golden.file.metadata["config"]!.write(
        toFile: folder + "/model/config.json", atomically: true, encoding: .utf8)
      try SafetensorsWriter.write(
        to: folder + "/model/model.safetensors",
        try golden.weights.sorted { $0.key < $1.key }.map { .init($0.key, $0.value) })
      // The batch for `prompted_mult` mixes all seven patterns of presence.
      let presence: [SafetensorsWriter.Item] =
        try golden.inputs.presence.map { [.init("presence", $0.to(.uint8))] } ?? []
      try SafetensorsWriter.write(
        to: folder + "/inputs.safetensors",
        zip(golden.configuration.modalities, try golden.inputs.modalities).map { .init($0.name, $1) } + presence)
      for fused in ["0", "1"] {
        try Program.succeed(
          [
            "predict", "--model", "\(folder)/model", "--data", "\(folder)/inputs.safetensors", "--output",
            "\(folder)/out.safetensors",
          ], environment: ["POLYPHONY_FUSED": fused])
        let output = try SafetensorsFile(path: folder + "/out.safetensors")
        expectClose(try output.tensor("prediction"), try golden.tensor("prediction"), 1e-5, "\(name), fused \(fused)")
      }
    }
  }

  @Test func trainsSeveralSeedsEvaluatesAndPredicts() throws {
    try withTemporaryFolder { folder in
      try Program.succeed(["data", "synthesize", "--output", "\(folder)/data", "--samples", "200"])
      try Program.succeed(["data", "validate", "\(folder)/data"])
      let inspected = try Program.succeed(["data", "inspect", "\(folder)/data"])
      #expect(inspected.output.contains("vision") && inspected.output.contains("regression"))
      let trained = try Program.succeed(
        [
          "train", "--data", "\(folder)/data", "--architecture", "early_fusion", "--output", "\(folder)/run", "--seeds",
          "2", "--json",
        ] + ResumeTests.settings)
      let document = try ResultsDocument(parsing: trained.output)
      let row = try #require(document.results.first)
      #expect(document.command == "train" && row.seeds == [0, 1] && row.split == "test")
      #expect(row.metrics["mae"]?.values.count == 2)
      let evaluated = try Program.succeed([
        "evaluate", "--model", "\(folder)/run/seed-1/model", "--data", "\(folder)/data", "--per-modality", "--json",
      ])
      let again = try #require(try ResultsDocument(parsing: evaluated.output).results.first)
      #expect(again.metrics["vision/probe"]?.mean != nil && again.metrics["modality_gap"]?.mean != nil)
      #expect(again.metrics["mae"]?.mean == row.metrics["mae"]?.values[1], "the saved model is the one that was tested")
      try Program.succeed([
        "predict", "--model", "\(folder)/run/seed-0/model", "--data", "\(folder)/data", "--split", "valid", "--output",
        "\(folder)/out.safetensors",
      ])
      let output = try SafetensorsFile(path: "\(folder)/out.safetensors")
      #expect(output["prediction"]?.shape == [30, 1] && output["id"]?.shape == [30])
    }
  }

  @Test func benchmarkPrintsItsThreeNumbers() throws {
    for step in ["train", "infer", "contrast", "online", "online-inputs", "online-ssa"] {
      let outcome = try Program.succeed([
        "benchmark", "--architecture", "late_fusion", "--set", "model.width=8", "--set", "model.heads=2", "--step",
        step,
        "--batch", "2", "--length", "3", "--features", "5,4", "--repeats", "2", "--json",
      ])
      let numbers = try OrderedJSON(parsing: outcome.output)
      for key in ["median_ms", "samples_per_s", "peak_rss_mb"] {
        guard case .number(let value)? = numbers[key] else {
          Issue.record("\(key) is missing in \(outcome.output)")
          continue
        }
        #expect(value > 0)
      }
    }
  }

  @Test func doctorAndHelpWork() throws {
    let healthy = try Program.succeed(["doctor"])
    #expect(healthy.output.contains("2.13") && healthy.output.contains("nothing is wrong"))
    // The help works without libtorch.
    let help = try Program.succeed(["train", "--help"], environment: ["LIBTORCH": "/nowhere"])
    #expect(help.output.contains("--balance") && help.output.contains("late_fusion"))
    let sick = try Program.run(["doctor"], environment: ["LIBTORCH": "/nowhere"])
    #expect(sick.code == 70 && sick.errors.contains("/nowhere"))
  }

  /// Tunes by methods that train many, few and no parameters, with missing modalities.
  @Test func tunesWithMissingModalitiesAndServesTheAdapter() throws {
    try withTemporaryFolder { folder in
      let data = try BrokenData(folder)
      let tuned = try Program.succeed([
        "tune", "--model", data.model, "--data", data.folder, "--method", "zero_fill,bitfit,prompts", "--missing",
        "sample:0.5", "--output", "\(folder)/tuned", "--set", "training.epochs=1", "--json",
      ])
      let rows = try ResultsDocument(parsing: tuned.output).results
      #expect(rows.map(\.name) == ["zero_fill", "bitfit", "prompts"])
      #expect(rows[0].parameters?.trainable == 0)
      let evaluated = try Program.succeed([
        "evaluate", "--model", data.model, "--adapter", "\(folder)/tuned/prompts/adapter", "--data", data.folder,
        "--missing", "sample:0.5", "--json",
      ])
      let again = try #require(try ResultsDocument(parsing: evaluated.output).results.first)
      #expect(again.metrics["mae"]?.mean == rows[2].metrics["mae"]?.mean, "the adapter is the one that was tested")
    }
  }
}
