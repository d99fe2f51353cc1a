import Foundation
import Polyphony
import Testing
import Torch

/// The program writes reports and tables from the results of earlier runs.
@Suite struct ReportProgramTests {
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
