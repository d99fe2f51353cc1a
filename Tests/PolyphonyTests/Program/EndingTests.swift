import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// A command ends with what was chosen, where it is, and the next command, which works.
@Suite struct EndingTests {
  private static let small = ["--set", "training.epochs=2", "--set", "model={width: 8, heads: 2, layers: 1}"]

  /// The words of the last line of standard error, which begins with `next: polyphony`.
  private func next(_ outcome: Program.Outcome) throws -> [String] {
    let line = try #require(outcome.errors.split(separator: "\n").last)
    #expect(line.hasPrefix("next: polyphony "), "\(outcome.errors)")
    return line.dropFirst("next: polyphony ".count).replacing("'", with: "").split(separator: " ").map(String.init)
  }

  @Test func theNextCommandWorks() throws {
    try withTemporaryFolder { folder in
      let data = try BrokenData(folder)
      let train = ["train", "--data", data.folder] + Self.small
      let trained = try Program.succeed(train + ["--output", "base"], in: folder)
      #expect(trained.errors.contains(" of 2, loss "), "\(trained.errors)")
      #expect(trained.errors.contains("chosen on validation: epoch "))
      #expect(trained.errors.contains("\nmodel: base/model\n"))
      try Program.succeed(try next(trained), in: folder)
      #expect(FileManager.default.fileExists(atPath: "\(folder)/predictions.csv"))
      #expect(!trained.output.contains("next:"), "standard output has the table alone")

      let quiet = try Program.succeed(train + ["--output", "quiet", "--json"], in: folder)
      #expect(!quiet.errors.contains("next:") && !quiet.errors.contains("chosen"))

      let several = try Program.succeed(train + ["--output", "seeds", "--seeds", "3"], in: folder)
      #expect(several.errors.contains("models: seeds/seed-0/model … seeds/seed-2/model"), "\(several.errors)")
      try Program.succeed(try next(several), in: folder)
      #expect(several.errors.hasPrefix("3 runs: 1 method × 3 seeds\n"), "\(several.errors)")
      #expect(several.errors.contains("joint, seed 1 (run 2 of 3)"), "\(several.errors)")

      for arguments in [
        ["tune", "--method", "head", "--set", "training.epochs=1"], ["adapt", "--method", "tent"],
      ] {
        let output = arguments[0] + "ed"
        let made = try Program.succeed(
          arguments + ["--model", "seeds", "--data", data.folder, "--output", output], in: folder)
        #expect(made.errors.contains("\nadapter: \(output)/adapter\n"), "\(made.errors)")
        #expect(made.errors.contains("chosen on validation") == (arguments[0] == "tune"))
        #expect(made.errors.contains("--model seeds/seed-0/model --adapter \(output)/adapter"), "\(made.errors)")
        try Program.succeed(try next(made), in: folder)
      }
      let methods = try Program.succeed(
        [
          "tune", "--method", "head,zero_fill", "--model", "base", "--data", data.folder, "--output", "methods",
          "--set",
          "training.epochs=1",
        ], in: folder)
      #expect(methods.errors.contains("head: chosen on validation: epoch 1 of 1"), "\(methods.errors)")
      #expect(!methods.errors.contains("zero_fill: chosen"), "a fill trains nothing")
      #expect(try next(methods) == ["report", "methods"])
    }
  }
}
