import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// Runs `adapt`, `data corrupt` and `evaluate --shift` as a user does.
@Suite struct AdaptationProgramTests {
  static let short = [
    "--set", "adaptation.contrast_epochs=4", "--set", "adaptation.snapshot_interval=2", "--set",
    "adaptation.pseudo_epochs=2", "--set", "adaptation.share=0.2", "--set", "adaptation.batch_size=10",
  ]

  private func adapt(_ data: BrokenData, _ target: String, _ output: String, _ more: [String] = []) -> [String] {
    ["adapt", "--model", data.model, "--data", target, "--method", "casp", "--output", output, "--json"] + Self.short
      + more
  }

  @Test func adaptsOfflineAndServesTheAdapter() throws {
    try withTemporaryFolder { folder in
      let data = try BrokenData(folder)
      try Program.succeed([
        "data", "corrupt", "--data", data.folder, "--shift", "gain:4", "--modality", "text,audio", "--output",
        "\(folder)/target", "--seed", "3",
      ])
      let before = try contents(of: data.model)
      let adapted = try Program.succeed(adapt(data, "\(folder)/target", "\(folder)/run"))
      let rows = try ResultsDocument(parsing: adapted.output).results
      #expect(rows.map(\.name) == ["casp", "source"] && rows.allSatisfy { $0.split == "test" })
      #expect(rows[0].parameters?.trainable == 3 * 4 * 8, "the LayerNorms of three layers")
      #expect(rows[0].metrics["pseudo/stable"]?.mean != nil && rows[0].extra["mode"] == .string("offline"))
      for adapter in [true, false] {
        let evaluated = try Program.succeed(
          ["evaluate", "--model", data.model, "--data", "\(folder)/target", "--json"]
            + (adapter ? ["--adapter", "\(folder)/run/adapter"] : []))
        let again = try #require(try ResultsDocument(parsing: evaluated.output).results.first)
        #expect(again.metrics["mae"]?.mean == rows[adapter ? 0 : 1].metrics["mae"]?.mean)
      }
      #expect(rows[0].metrics["mae"]?.mean != rows[1].metrics["mae"]?.mean)
      #expect(try contents(of: data.model) == before, "the source is as it was")
      let log = try String(contentsOfFile: "\(folder)/run/metrics.jsonl", encoding: .utf8)
      #expect(log.split(separator: "\n").count == 6 && log.contains("\"contrast\"") && log.contains("\"pseudo\""))
      let recipe = try String(contentsOfFile: "\(folder)/run/recipe.yaml", encoding: .utf8)
      #expect(recipe.contains("temperature: 0.5") && recipe.contains("contrast_epochs: 4"))
      let again = try Program.run(adapt(data, "\(folder)/target", "\(folder)/run"))
      #expect(again.code == 73 && again.errors.contains("--resume"))
    }
  }

  /// Permuted or absent targets give the same adapter, bit for bit.
  @Test(arguments: [false, true]) func labelsDoNotMatter(isOnline: Bool) throws {
    try withTemporaryFolder { folder in
      let data = try BrokenData(folder)
      let weights = try (0..<3).map { form in
        if form == 1 {
          try data.edit("train") { split in
            split.tensors["target"] = split.tensors["target"]!.rows(Tensor(Generator(seed: 1).permutation(split.count)))
          }
        }
        if form == 2 { for split in ["train", "test"] { try data.edit(split) { $0.tensors["target"] = nil } } }
        let outcome = try Program.succeed(
          adapt(data, data.folder, "\(folder)/run-\(form)", isOnline ? ["--online"] : []))
        let row = try #require(try ResultsDocument(parsing: outcome.output).results.first)
        #expect((row.metrics["mae"] == nil) == (form == 2), "scores need targets, and only they")
        return try Data(
          contentsOf: URL(fileURLWithPath: "\(folder)/run-\(form)/adapter/adapter_model.safetensors"))
      }
      #expect(weights[0] == weights[1] && weights[0] == weights[2])
    }
  }

  @Test func severalMethodsAndSeedsOnline() throws {
    try withTemporaryFolder { folder in
      let data = try BrokenData(folder)
      let outcome = try Program.succeed([
        "adapt", "--model", data.model, "--data", data.folder, "--split", "test", "--method", "source,norm,tent,casp",
        "--online", "--seeds", "2", "--output", "\(folder)/run", "--json", "--set", "adaptation.batch_size=4", "--set",
        "adaptation.temperature=1",
      ])
      let rows = try ResultsDocument(parsing: outcome.output).results
      #expect(rows.map(\.name) == ["source", "norm", "tent", "casp"])
      #expect(rows.allSatisfy { $0.seeds == [0, 1] && $0.metrics["mae"]?.mean != nil })
      #expect(outcome.errors.contains("no effect") && outcome.errors.contains("bins of the predicted value"))
      #expect(FileManager.default.fileExists(atPath: "\(folder)/run/casp/seed-1/adapter/adapter_config.json"))
    }
  }

  @Test func shiftsInATableAndADrawing() throws {
    try withTemporaryFolder { folder in
      let data = try BrokenData(folder)
      let plain = try Program.succeed(["evaluate", "--model", data.model, "--data", data.folder, "--json"])
      let shifted = try Program.succeed([
        "evaluate", "--model", data.model, "--data", data.folder, "--shift", "noise:0,noise:5", "--json",
      ])
      let rows = try ResultsDocument(parsing: shifted.output).results
      #expect(rows.map { $0.extra["shift"] } == ["noise:0", "noise:5", "mean"].map { .string($0) })
      let score = try #require(try ResultsDocument(parsing: plain.output).results.first?.metrics["mae"]?.mean)
      #expect(rows[0].metrics["mae"]?.mean == score && rows[1].metrics["mae"]?.mean != score)
      let swept = try Program.succeed(
        [
          "evaluate", "--model", data.model, "--data", data.folder, "--shift", "drop,missing:3", "--adapt",
          "source,casp", "--seeds", "2", "--plot", "\(folder)/plot.svg",
        ] + Self.short)
      #expect(swept.output.contains("drop:5") && swept.output.contains("missing:3") && swept.output.contains("mean"))
      let drawing = try String(contentsOfFile: "\(folder)/plot.svg", encoding: .utf8)
      #expect(drawing.contains("casp") && drawing.contains("severity"))
    }
  }

  /// A kill at any system call that writes checkpoints or the adapter does not change the bits of the resumed run.
  @Test(arguments: ["makeTemporary", "exchange", "syncFolder", "removeOld"], [false, true])
  func aKillWhileFilesAreWritten(step: String, isOnline: Bool) throws {
    try withTemporaryFolder { folder in
      let data = try BrokenData(folder)
      // The stream has enough batches for a checkpoint before its end.
      let arguments =
        ["adapt", "--model", data.model, "--data", data.folder, "--method", "casp", "--output", "run"]
        + (isOnline ? ["--online", "--split", "train", "--set", "adaptation.batch_size=2"] : Self.short)
      func place(_ name: String) throws -> String {
        try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        return "\(folder)/\(name)"
      }
      let whole = try place("whole")
      try Program.succeed(arguments, in: whole)
      let expected = try ResumeTests.outcome(whole + "/run")
      #expect(expected.keys.contains("adapter/adapter_model.safetensors") && expected.keys.contains("metrics.jsonl"))
      for occurrence in [1, 2, 4] {
        let cut = try place("cut-\(occurrence)")
        let killed = try Program.run(
          arguments, in: cut, environment: ["POLYPHONY_KILL_AT": "\(step):\(occurrence)"])
        #expect(killed.code == -SIGKILL || occurrence > 1, "\(killed.errors)")
        guard killed.code == -SIGKILL else { continue }
        try Program.succeed(arguments + ["--resume"], in: cut)
        let found = try ResumeTests.outcome(cut + "/run")
        let differing = Set(found.keys).union(expected.keys).filter { found[$0] != expected[$0] }.sorted()
        #expect(differing.isEmpty, "killed at \(step):\(occurrence): \(differing)")
      }
    }
  }
}
