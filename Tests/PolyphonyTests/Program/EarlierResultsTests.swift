import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// A second command in an output folder adds its rows to `results.json`, or is refused. No finished result is lost.
@Suite struct EarlierResultsTests {
  /// A data set, a base model and an output folder.
  private struct Place {
    let folder: String
    let data: BrokenData
    var output: String { "\(folder)/out" }

    init(_ folder: String) throws {
      self.folder = folder
      data = try BrokenData(folder)
    }

    func tune(_ methods: String, _ more: String..., model: String? = nil) -> [String] {
      [
        "tune", "--model", model ?? data.model, "--data", data.folder, "--output", output, "--method", methods, "--set",
        "training.epochs=1",
      ] + more
    }

    func rows() throws -> [ResultsDocument.Row] {
      let file = "\(output)/results.json"
      return try ResultsDocument(parsing: try String(contentsOfFile: file, encoding: .utf8), file: file).results
    }

    /// Expects that the program refuses a command and leaves the output folder as it was.
    func refuse(
      _ arguments: [String], _ mentions: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      let isHidden = { (path: String) in (path as NSString).lastPathComponent.hasPrefix(".") }
      let before = try contents(of: output, ignoring: isHidden)
      let outcome = try Program.run(arguments)
      #expect(outcome.code == 73, "\(outcome.errors)", sourceLocation: sourceLocation)
      for mention in mentions + ["--overwrite"] {
        #expect(
          outcome.errors.contains(mention), "«\(mention)» is missing in: \(outcome.errors)",
          sourceLocation: sourceLocation)
      }
      let after = try contents(of: output, ignoring: isHidden)
      #expect(after == before, sourceLocation: sourceLocation)
    }
  }

  @Test func otherMethodsAreAdded() throws {
    try withTemporaryFolder { folder in
      let place = try Place(folder)
      try Program.succeed(place.tune("bitfit,head"))
      let first = try place.rows()
      let second = try Program.succeed(place.tune("ia3,zero_fill", "--json"))
      #expect(second.errors.contains("also keeps bitfit, head"), "\(second.errors)")
      #expect(try ResultsDocument(parsing: second.output).results.map(\.name) == ["ia3", "zero_fill"])
      let all = try place.rows()
      #expect(all.map(\.name) == ["bitfit", "head", "ia3", "zero_fill"])
      #expect(Array(all.prefix(2)) == first, "the first rows are as they were")
      let report = try Program.succeed(["report", "\(folder)/out"])
      let page = try String(
        contentsOfFile: report.output.trimmingCharacters(in: .newlines), encoding: .utf8)
      for name in all.map(\.name) { #expect(page.contains(name), "the report lacks \(name)") }
      // More seeds of the same methods would leave single runs beside runs over seeds.
      try place.refuse(place.tune("bitfit,head", "--seeds", "2"), "single run of bitfit")
      try place.refuse(place.tune("bitfit,lora", "--seed", "4", "--resume"), "other seeds", "seeds 0")
      try place.refuse(
        place.tune("head,lora", "--missing", "sample:0.5", "--resume"), "head under other conditions", "sample:0.5")
      try place.refuse(place.tune("lora", "--resume"), "other methods", "bitfit")
    }
  }

  @Test func moreSeedsReplaceFewer() throws {
    try withTemporaryFolder { folder in
      let place = try Place(folder)
      try Program.succeed(place.tune("bitfit,head", "--seeds", "2"))
      try Program.succeed(place.tune("bitfit,head", "--seeds", "3", "--resume"))
      #expect(try place.rows().map(\.seeds) == [[0, 1, 2], [0, 1, 2]])
      try place.refuse(place.tune("bitfit,head", "--seeds", "2", "--resume"), "other seeds", "0, 1, 2")
      try place.refuse(place.tune("lora", "--seeds", "2"), "other methods", "bitfit")
    }
  }

  @Test func aSingleRunIsNotMixedWithSeveral() throws {
    try withTemporaryFolder { folder in
      let place = try Place(folder)
      try Program.succeed(place.tune("bitfit"))
      try place.refuse(place.tune("head"), "already holds a run")
      try place.refuse(place.tune("head,lora"), "holds a single run")
      try place.refuse(place.tune("bitfit", "--seeds", "2"), "holds a single run")
      // The user may replace it. Nothing of the single run stays then.
      try Program.succeed(place.tune("head,ia3", "--overwrite"))
      #expect(try place.rows().map(\.name) == ["head", "ia3"])
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/out/adapter"))
    }
  }

  @Test func otherCommandsDataAndBasesAreRefused() throws {
    try withTemporaryFolder { folder in
      let place = try Place(folder)
      try Program.succeed(place.tune("bitfit,head"))
      let data = place.data
      try place.refuse(
        ["train", "--data", data.folder, "--balance", "joint,cggm", "--output", place.output], "another command", "tune"
      )
      try place.refuse(
        ["adapt", "--model", data.model, "--data", data.folder, "--method", "tent,norm", "--output", place.output],
        "another command")
      try AtomicFolder.copy(data.model, to: "\(folder)/base", replacing: .model)
      try place.refuse(place.tune("ia3,lora", model: "\(folder)/base"), "another base", "\(folder)/base")
      try data.edit("test") { $0.fill("audio", 0) }
      try place.refuse(place.tune("ia3,lora"), "other data", "train")
    }
  }

  @Test func theRowOfTheSourceIsKeptOnce() throws {
    try withTemporaryFolder { folder in
      let place = try Place(folder)
      let adapt = { (methods: String) in
        [
          "adapt", "--model", place.data.model, "--data", place.data.folder, "--output", "\(folder)/out", "--method",
          methods,
        ]
      }
      try Program.succeed(adapt("tent,norm"))
      try Program.succeed(adapt("eata,sar"))
      #expect(try place.rows().map(\.name) == ["tent", "norm", "eata", "sar", "source"])
    }
  }

  /// An evaluation writes into a new folder, or over the results of the same command line.
  @Test func anEvaluationReplacesNoOtherResults() throws {
    try withTemporaryFolder { folder in
      let place = try Place(folder)
      let evaluate = ["evaluate", "--model", place.data.model, "--data", place.data.folder, "--output", place.output]
      try Program.succeed(place.tune("bitfit,head"))
      let before = try place.rows()
      for more in [[], ["--missing", "sample:0,0.5"], ["--shift", "noise:1"]] {
        let refused = try Program.run(evaluate + more)
        #expect(refused.code == 73 && refused.errors.contains("results of another command"), "\(refused.errors)")
      }
      #expect(try place.rows() == before)
      try FileManager.default.removeItem(atPath: place.output)
      try Program.succeed(evaluate)
      try Program.succeed(evaluate + ["--json"])
      let other = try Program.run(evaluate + ["--missing", "sample:0.5"])
      #expect(other.code == 73 && other.errors.contains("results of another evaluation"), "\(other.errors)")
    }
  }
}
