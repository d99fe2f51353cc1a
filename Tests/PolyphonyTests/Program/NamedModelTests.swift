import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// Every command takes a run over seeds by the folder of the run, and by the model's path in a single run.
@Suite struct NamedModelTests {
  @Test func aRunOverSeedsServesEveryCommand() throws {
    try withTemporaryFolder { folder in
      let data = try BrokenData(folder)
      try Program.succeed(
        ["train", "--data", data.folder, "--output", "base", "--seeds", "2", "--set", "training.epochs=1"]
          + ["--set", "model={width: 8, heads: 2, layers: 1}"], in: folder)
      for model in ["base", "base/model"] {
        let evaluated = try Program.succeed(
          ["evaluate", "--model", model, "--data", data.folder, "--json"], in: folder)
        let shifted = try Program.succeed(
          ["evaluate", "--model", model, "--data", data.folder, "--shift", "noise:0", "--json"], in: folder)
        let rows = try [evaluated, shifted].map { try #require(try ResultsDocument(parsing: $0.output).results.first) }
        #expect(rows[0].seeds == [0, 1] && rows[1].seeds == [0, 1])
        #expect(rows[0].metrics["mae"]?.values == rows[1].metrics["mae"]?.values, "no noise, the same scores")
        try Program.succeed(
          ["adapt", "--model", model, "--data", data.folder, "--method", "tent", "--output", "adapted", "--overwrite"],
          in: folder)
        let predict = ["predict", "--model", model, "--data", data.folder, "--output", "out.safetensors"]
        let refused = try Program.run(predict, in: folder)
        #expect(refused.code == 64 && refused.errors.contains("seed-0/model, seed-1/model"), "\(refused.errors)")
        #expect(refused.errors.contains("--model base/seed-0/model"), "\(refused.errors)")
      }
      try Program.succeed(
        ["predict", "--model", "base/seed-1", "--data", data.folder, "--output", "out.safetensors"], in: folder)
      let swapped = try Program.run(
        ["evaluate", "--model", "adapted/adapter", "--data", data.folder], in: folder)
      #expect(swapped.code == 64 && swapped.errors.contains("--adapter adapted/adapter"), "\(swapped.errors)")
    }
  }
}
