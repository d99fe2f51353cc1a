import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// A table with several targets becomes a model, a table of scores by target, and a table of predictions.
@Suite struct SeveralTargetsProgramTests {
  private static let small = ["--architecture", "late_fusion"] + ResumeTests.settings

  private static func write(_ header: String, in folder: String, _ targets: (Int) -> String) throws {
    let lines = (0..<80).map { "\($0 % 7),\($0 % 5).5,\($0 % 3),\(targets($0))" }
    _ = try Converting.write(
      Array((["a_0,a_1,b_0,\(header)"] + lines).joined(separator: "\n").utf8), "table.csv", in: folder)
  }

  private static func results(_ output: String) throws -> ResultsDocument.Row {
    try #require(try ResultsDocument(parsing: output).results.first)
  }

  @Test func severalTargetsFromTableToPredictions() throws {
    try withTemporaryFolder { folder in
      try Self.write("calm,loud", in: folder) { "\($0 % 7).5,\(10 * ($0 % 3)).25" }
      let converted = try Program.succeed(
        ["data", "convert", "--input", "table.csv", "--target", "calm,loud", "--output", "mine"], in: folder)
      #expect(converted.output.contains("table: regression, 2 targets"), "\(converted.output)")
      #expect(try Program.succeed(["data", "inspect", "mine"], in: folder).output.contains("loud"))
      let sound = try Program.succeed(["data", "validate", "mine"], in: folder)
      #expect(sound.output == "mine is sound: train, valid, test, regression, 2 targets\n")
      try Program.succeed(
        ["train", "--data", "mine", "--balance", "cggm", "--output", "run", "--set", "training.loss=squared"]
          + Self.small, in: folder)
      let model = ["--model", "run/model", "--data", "mine"]
      let scored = try Program.succeed(["evaluate"] + model + ["--output", "scores"], in: folder)
      #expect(scored.output.contains("target") && scored.output.contains("calm"), "\(scored.output)")
      let row = try Self.results(try Program.succeed(["evaluate", "--json"] + model, in: folder).output)
      let report = try #require(OutputReport(row))
      let errors = report.rows.compactMap { $0.scores["mae"] }
      let mean = try #require(row.metrics["mae"]?.mean)
      #expect(report.rows.map(\.name) == ["calm", "loud"] && abs(mean - (errors[0] + errors[1]) / 2) < 1e-9)
      try Program.succeed(["predict"] + model + ["--output", "x.csv"], in: folder)
      let records = try PredictProgramTests.records("\(folder)/x.csv")
      let columns = ["id", "prediction_calm", "prediction_loud", "present", "target_calm", "target_loud"]
      #expect(Array(records[0][..<6]) == columns && records.count == 13)
      let written = records.dropFirst().compactMap { Double($0[6]) }.map { abs($0) }
      #expect(written.count == 12 && abs(written.reduce(0, +) / 12 - errors[0]) < 1e-5, "errors add up to the score")
      try Program.succeed(["predict"] + model + ["--output", "x.safetensors"], in: folder)
      #expect(try SafetensorsFile(path: "\(folder)/x.safetensors")["prediction"]?.shape == [12, 2])
      let single = try Program.succeed(
        ["predict", "--model", "run/model", "--input", "a=1,2", "--input", "b=0"], in: folder)
      #expect(single.output.contains("calm") && single.output.contains("loud"))
      try Program.succeed(["report", "scores"], in: folder)
      let page = try String(contentsOfFile: "\(folder)/scores/report.html", encoding: .utf8)
      #expect(page.contains("Scores by target"))
    }
  }

  @Test func labelsFromTableToPredictions() throws {
    try withTemporaryFolder { folder in
      try Self.write("dog,rain", in: folder) { "\($0 % 7 > 3 ? 1 : 0),\($0 % 3 == 0 ? 1 : 0)" }
      let converted = try Program.succeed(
        ["data", "convert", "--input", "table.csv", "--target", "dog,rain", "--output", "mine"], in: folder)
      #expect(converted.output.contains("table: multilabel, 2 labels"), "\(converted.output)")
      try Program.succeed(
        ["train", "--data", "mine", "--output", "run", "--set", "training.class_weights=balanced"] + Self.small,
        in: folder)
      let model = ["--model", "run/model", "--data", "mine"]
      let row = try Self.results(try Program.succeed(["evaluate", "--json"] + model, in: folder).output)
      #expect(OutputReport(row)?.kind == .label && row.metrics["f1_micro"] != nil)
      try Program.succeed(["predict"] + model + ["--output", "x.jsonl"], in: folder)
      let text = try String(contentsOfFile: "\(folder)/x.jsonl", encoding: .utf8)
      let line = try OrderedJSON(parsing: String(text.split(separator: "\n")[0]))
      for key in ["prediction", "predicted_dog", "probability_rain", "target", "target_rain", "error_dog"] {
        #expect(line[key] != nil, "no \(key) in \(line.text(.line))")
      }
      let single = try Program.succeed(
        ["predict", "--model", "run/model", "--input", "a=1,2", "--input", "b=0"], in: folder)
      #expect(single.output.contains("prediction: ") && single.output.contains("label"), "\(single.output)")
    }
  }
}
