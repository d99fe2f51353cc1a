import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// Runs `polyphony transfer` and `polyphony scaling` as a user does.
@Suite struct TransferProgramTests {
  private static let quick = [
    "--set", "model.width=8", "--set", "model.heads=2", "--set", "model.layers=1", "--set", "pretraining.epochs=1",
    "--set", "training.epochs=1", "--set", "rates=[0.001]",
  ]

  @Test func transferComparesMethodsAndDrawsTheFront() throws {
    try withTemporaryFolder { folder in
      let arguments =
        [
          "transfer", "--task", "corpus", "--modalities", "2", "--method", "head,wander{bottleneck: 2},wander",
          "--samples", "20", "--seeds", "2", "--output", "\(folder)/out", "--json",
        ] + Self.quick
      let outcome = try Program.succeed(arguments)
      let rows = try ResultsDocument(parsing: outcome.output).results
      #expect(rows.map(\.name) == ["head", "wander{bottleneck: 2}", "wander"])
      #expect(rows.allSatisfy { $0.metrics["mae"]?.values.count == 2 })
      let trained = rows.compactMap { $0.parameters?.trainable }
      #expect(trained == trained.sorted() && Set(trained).count == 3)
      let drawing = try String(contentsOfFile: "\(folder)/out/front-20.svg", encoding: .utf8)
      #expect(drawing.contains("<svg") && drawing.contains("wander{bottleneck: 2}"))

      let refused = try Program.run(arguments)
      #expect(refused.code == 73 && refused.errors.contains("--resume"))
      let again = try Program.succeed(arguments + ["--resume"])
      let resumed = try ResultsDocument(parsing: again.output).results
      #expect(resumed.map(\.metrics) == rows.map(\.metrics))
      // The answers of the runs before the resumption are in the report too.
      #expect(rows.allSatisfy { $0.extra["answers"] != nil })
      #expect(resumed.map { $0.extra["answers"] } == rows.map { $0.extra["answers"] })
      let other = try Program.run(arguments + ["--resume", "--set", "training.epochs=2"])
      #expect(other.code == 64 && other.errors.contains("recipe.yaml"), "\(other.errors)")
    }
  }

  @Test func scalingMeasuresAndDraws() throws {
    try withTemporaryFolder { folder in
      let outcome = try Program.succeed([
        "scaling", "--modalities", "2,3", "--lengths", "2,4", "--length", "3", "--bottleneck", "2", "--batch", "2",
        "--repeats", "1", "--output", "\(folder)/out",
      ])
      for text in ["wander", "cross-attention", "outer product", "power"] { #expect(outcome.output.contains(text)) }
      for name in ["parameters", "time"] {
        for variable in ["modalities", "length"] {
          #expect(FileManager.default.fileExists(atPath: "\(folder)/out/\(name)-over-\(variable).svg"))
        }
      }
      let document = try OrderedJSON(parsing: try String(contentsOfFile: "\(folder)/out/scaling.json", encoding: .utf8))
      guard case .array(let rows)? = document["results"] else {
        Issue.record("no results")
        return
      }
      #expect(rows.count == 12)
    }
  }

  /// The user sets a key that only one of several methods has.
  @Test func aKeyOfOneMethodIsNotUnknownToAnother() throws {
    try withTemporaryFolder { folder in
      let data = try BrokenData(folder)
      let tuned = try Program.succeed([
        "tune", "--model", data.model, "--data", data.folder, "--method", "wander,head", "--set",
        "tuning.bottleneck=2", "--output", "\(folder)/tuned", "--set", "training.epochs=1", "--json",
      ])
      #expect(try ResultsDocument(parsing: tuned.output).results.map(\.name) == ["wander", "head"])
    }
  }
}
