import Foundation
import Testing

/// The errors that users make with reports.
extension BadInputTests {
  private static let row = """
    {"name": "base_line", "seeds": [0], "metrics": {"mae": {"mean": 1, "std": 0, "values": [1]}}}
    """

  /// Writes some files into the data set's folder, so that it looks like a run's.
  private static func files(_ files: [String: String]) -> @Sendable (BrokenData) throws -> Void {
    { data in
      for (name, text) in files {
        try text.write(toFile: "\(data.folder)/\(name)", atomically: true, encoding: .utf8)
      }
    }
  }

  private static func results(_ row: String = row) -> @Sendable (BrokenData) throws -> Void {
    files(["results.json": #"{"command": "train", "version": "1", "results": [\#(row)]}"#])
  }

  static let reports: [Case] = [
    Case(
      name: "a report of a folder that is not there", code: 66, mentions: ["nowhere"],
      arguments: ["report", "nowhere"]),
    Case(
      name: "a report of a folder without results", code: 66, mentions: ["results.json", "metrics.jsonl"],
      arguments: ["report", "DATA"]),
    Case(
      name: "a report of results that are no JSON", code: 65, mentions: ["results.json", "line 1"],
      breaking: files(["results.json": "{\"command\": "]), arguments: ["report", "DATA"]),
    Case(
      name: "a report of results without seeds", code: 65, mentions: ["results.json", "seeds"],
      breaking: results(#"{"name": "a", "metrics": {}}"#), arguments: ["report", "DATA"]),
    Case(
      name: "a report of a comparison with runs elsewhere", code: 65, mentions: ["comparison.json", "../x", "runs.0"],
      breaking: { data in
        try results()(data)
        let stage = #"{"kind": "train", "method": "m", "folder": "../x"}"#
        try files(["comparison.json": #"{"runs": [{"data": "d", "method": "m", "seed": 0, "stages": [\#(stage)]}]}"#])(
          data)
      }, arguments: ["report", "DATA"]),
    Case(
      name: "an unknown reference", code: 64, mentions: ["--reference", "bse_line", "base_line"], breaking: results(),
      arguments: ["report", "DATA", "--reference", "bse_line"]),
    Case(
      name: "an unknown metric of a report", code: 64, mentions: ["--metric", "mea", "mae"], breaking: results(),
      arguments: ["report", "DATA", "--metric", "mea"]),
    Case(
      name: "a report into a folder that is not there", code: 73, mentions: ["nowhere/report.html"],
      breaking: results(),
      arguments: ["report", "DATA", "--output", "nowhere/report.html"]),
    Case(
      name: "tables of a run without results", code: 66, mentions: ["results.json", "--tables"],
      breaking: files(["metrics.jsonl": #"{"epoch": 1, "step": 1, "split": "epoch", "train/loss": 1}"# + "\n"]),
      arguments: ["report", "DATA", "--tables", "--output", "DATA/report.html"]),
    Case(
      name: "tables over a table of somebody else", code: 73, mentions: ["DATA/table.csv", "another origin"],
      breaking: { data in
        try results()(data)
        try files(["table.csv": "name,age\n"])(data)
      }, arguments: ["report", "DATA", "--tables"]),
    Case(
      name: "shifts into a file", code: 73, mentions: ["dataset.json"],
      arguments: [
        "evaluate", "--model", "MODEL", "--data", "DATA", "--shift", "noise:1", "--output", "DATA/dataset.json",
      ]),
  ]
}
