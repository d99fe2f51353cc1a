import Foundation
import Polyphony
import Testing
import Torch

/// Runs the program on data with missing modalities.
@Suite struct MissingProgramTests {
  private static let quick = ["--set", "training.epochs=1", "--set", "training.batch_size=16"]

  /// The commands train, tune, evaluate and predict on a data set that marks missing modalities in `presence`.
  @Test func dataThatLacksModalitiesIsUsedAsItIs() throws {
    try withTemporaryFolder { folder in
      let data = try BrokenData(folder)
      for split in ["train", "valid", "test"] {
        try data.edit(split) { split in
          split.tensors["presence"] = Tensor(
            (0..<split.count).flatMap { row in (0..<3).map { UInt8((row % 7 + 1) >> $0 & 1) } },
            shape: [split.count, 3])
        }
      }
      try Program.succeed(["data", "validate", data.folder])
      try Program.succeed(
        ["train", "--data", data.folder, "--architecture", "mult", "--output", "\(folder)/base"] + Self.quick
          + ["--set", "model.width=8", "--set", "model.heads=2", "--set", "model.layers=1"])
      let before = try contents(of: "\(folder)/base/model")
      let tuned = try Program.succeed(
        [
          "tune", "--model", "\(folder)/base/model", "--data", data.folder, "--method", "prompts", "--output",
          "\(folder)/tuned", "--json",
        ] + Self.quick)
      let row = try #require(try ResultsDocument(parsing: tuned.output).results.first)
      #expect(try contents(of: "\(folder)/base/model") == before, "the base is the same to the byte")
      let adapter = try SafetensorsFile(path: "\(folder)/tuned/adapter/adapter_model.safetensors")
      for kind in [
        "generative_prompt", "signal.text.missing", "signal.text.present", "type_prompt", "coupling.text.weight",
      ] {
        let entry = try #require(adapter.entries.first { $0.name.hasSuffix(kind) }, "\(kind) is saved")
        #expect(try adapter.tensor(entry.name).abs().maximum().item > 0, "\(kind) has moved from zero")
      }
      let evaluated = try Program.succeed([
        "evaluate", "--model", "\(folder)/base/model", "--adapter", "\(folder)/tuned/adapter", "--data", data.folder,
        "--json",
      ])
      let again = try #require(try ResultsDocument(parsing: evaluated.output).results.first)
      #expect(again.metrics["mae"]?.mean == row.metrics["mae"]?.mean)
      #expect(again.extra["missing"] == nil && again.extra["mask"] == nil)
      try Program.succeed([
        "predict", "--model", "\(folder)/base/model", "--adapter", "\(folder)/tuned/adapter", "--data", data.folder,
        "--output", "\(folder)/out.safetensors",
      ])
      #expect(try SafetensorsFile(path: "\(folder)/out.safetensors").tensor("prediction").isFinite)
    }
  }

  /// The sweep scores several adapters over several rates on the same masks, and writes the masks with their hashes.
  @Test func sweepsCompareAdaptersOnTheSameMasks() throws {
    try withTemporaryFolder { folder in
      let data = try BrokenData(folder)
      let tuned = try Program.succeed(
        [
          "tune", "--model", data.model, "--data", data.folder, "--method", "prompts,mean_fill", "--missing",
          "sample:0.3", "--seeds", "2", "--output", "\(folder)/tuned", "--json",
        ] + Self.quick)
      let first = try #require(try ResultsDocument(parsing: tuned.output).results.first)
      let evaluate =
        [
          "evaluate", "--model", data.model, "--adapter", "none", "--adapter", "\(folder)/tuned/prompts", "--adapter",
          "\(folder)/tuned/mean_fill", "--data", data.folder,
        ]
      let outcome = try Program.succeed(
        evaluate + ["--missing", "sample:0...0.4", "--output", "\(folder)/sweep", "--json"])
      let rows = try ResultsDocument(parsing: outcome.output).results
      #expect(rows.count == 21)
      #expect(
        rows.map(\.name).enumerated().filter { $0.offset % 7 == 0 }.map(\.element) == ["none", "prompts", "mean_fill"])
      #expect(rows.map(\.seeds.count) == Array(repeating: 1, count: 7) + Array(repeating: 2, count: 14))
      for place in 0..<7 {
        let masks = [0, 7, 14].map { rows[$0 + place].extra["mask"] }
        #expect(masks[0] == masks[1] && masks[0] == masks[2], "one mask for all")
        #expect((masks[0] == nil) == (place > 4))
      }
      let prompts = rows[7..<14].map { $0.metrics["mae"]!.values[1]! }
      #expect(abs(prompts[5] - prompts[1...4].reduce(0, +) / 4) < 1e-12, "the mean over what is incomplete")
      // The tuning scored the same adapters on the same mask, and wrote it.
      #expect(rows[10].extra["missing"] == .string("sample:0.3") && rows[10].extra["mask"] == first.extra["mask"])
      #expect(rows[10].metrics["mae"]?.values == first.metrics["mae"]?.values)
      for path in ["\(folder)/tuned/missing.safetensors", "\(folder)/sweep/missing/sample-0.3.safetensors"] {
        #expect(try .string(MissingMask(contentsOf: path).hash) == first.extra["mask"], "\(path)")
      }
      let kept = try String(contentsOfFile: "\(folder)/sweep/results.json", encoding: .utf8)
      #expect(kept == outcome.output)
      #expect(try String(contentsOfFile: "\(folder)/sweep/missing.svg", encoding: .utf8).contains("mean_fill"))

      let patterns = try Program.succeed(
        evaluate + ["--missing", "patterns", "--metric", "acc7"], environment: ["LC_ALL": "C.UTF-8"])
      for word in ["text+audio", "mean of incomplete", "share", "A none", "C mean_fill", "missing modalities"] {
        #expect(patterns.output.contains(word), "«\(word)» is missing in \(patterns.output)")
      }
    }
  }

  /// Each seed tunes the base of its own seed.
  @Test func seedsTuneTheirOwnBases() throws {
    try withTemporaryFolder { folder in
      let data = try BrokenData(folder)
      try Program.succeed(
        ["train", "--data", data.folder, "--output", "\(folder)/base", "--seeds", "2"] + Self.quick
          + ["--set", "model.width=8", "--set", "model.heads=2", "--set", "model.layers=1"])
      let tune = [
        "tune", "--model", "\(folder)/base", "--data", data.folder, "--method", "mean_fill", "--missing", "fixed:text",
        "--output", "\(folder)/tuned",
      ]
      try Program.succeed(tune + ["--seeds", "2"])
      for seed in 0..<2 {
        let description = try AdapterFolder.description(of: "\(folder)/tuned/seed-\(seed)/adapter")
        #expect(description.base == "\(folder)/base/seed-\(seed)/model")
      }
      let evaluated = try Program.succeed([
        "evaluate", "--model", "\(folder)/base", "--adapter", "\(folder)/tuned", "--data", data.folder, "--json",
      ])
      #expect(try ResultsDocument(parsing: evaluated.output).results.first?.seeds == [0, 1])
      let more = try Program.run(tune + ["--seeds", "3", "--overwrite"])
      #expect(more.code == 66 && more.errors.contains("seed 2"), "\(more.errors)")
    }
  }
}
