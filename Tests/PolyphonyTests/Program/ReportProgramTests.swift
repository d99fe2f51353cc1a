import Foundation
import Polyphony
import Testing
import Torch

/// The program writes reports and tables from the results of earlier runs.
@Suite struct ReportProgramTests {
  /// Numbers that no run writes leave a section out, or a point outside of its chart. None of them ends the program.
  @Test(arguments: [
    #""confusion": [[4611686018427387904, 4611686018427387904], [1, 1]], "per_class": [{"class": "a"}, {"class": "b"}]"#,
    #""answers": [{"seed": 0, "reliability": [[4611686018427387904, 1, 1], [4611686018427387904, 1, 1]]}]"#,
    #""answers": [{"seed": 0, "reliability": [[1, 1e308, -5], [2, -1e308, 9]]}]"#,
    #""answers": [{"seed": 0, "pairs": [[1e308, -1e308], [-1e308, 1e308]]}]"#,
  ])
  func numbersBeyondAllMeasure(members: String) throws {
    try withTemporaryFolder { folder in
      let metrics = #""metrics": {"accuracy": {"mean": 0.5, "std": 0, "values": [0.5]}}"#
      try #"{"command": "train", "version": "1", "results": [{"name": "a", "seeds": [0], \#(metrics), \#(members)}]}"#
        .write(toFile: "\(folder)/results.json", atomically: true, encoding: .utf8)
      let outcome = try Program.succeed(["report", folder])
      #expect(outcome.output == "\(folder)/report.html\n")
    }
  }

  @Test func aShiftSweepAndItsReport() throws {
    try withTemporaryFolder { folder in
      let data = try BrokenData(folder)
      let evaluate = [
        "evaluate", "--model", data.model, "--data", data.folder, "--shift", "noise:1,noise:4,drop:2", "--adapt",
        "source,norm", "--seeds", "2", "--output", "shifts",
      ]
      try Program.succeed(evaluate, in: folder)
      let surroundings = try #require(RunEnvironment(folder: "\(folder)/shifts"))
      #expect(surroundings.command == ["polyphony"] + evaluate)
      #expect(surroundings.data.map(\.folder) == [data.folder] && surroundings.data[0].hashes.count == 3)

      let outcome = try Program.succeed(["report", "shifts", "--tables"], in: folder)
      #expect(outcome.output == "shifts/report.html\n", "its path, printed last")
      let page = try ReportTests.body(try String(contentsOfFile: "\(folder)/shifts/report.html", encoding: .utf8))
      let sections = try ReportTests.sections(page)
      #expect(sections == ["scores", "answers", "data", "shifts", "reproduction"], "\(sections)")
      #expect(try ReportTests.texts(page, "//code").contains(surroundings.data[0].hashes[0].hash))
      let table = try String(contentsOfFile: "\(folder)/shifts/table.md", encoding: .utf8)
      #expect(table.contains("| method | noise:1 | noise:4 | drop:2 | mean |"))

      // The tables also work on the results document alone, with another reference and another output folder.
      try Program.succeed(
        ["report", "shifts/results.json", "--reference", "norm", "--output", "other.html"], in: folder)
      let other = try String(contentsOfFile: "\(folder)/other.html", encoding: .utf8)
      #expect(other.contains("Differences from norm"))
    }
  }
}
