import Foundation
import Torch

/// `comparison.json`: which runs a comparison consists of.
///
/// ```json
/// {"reference": "joint", "metric": "accuracy",
///  "runs": [{"data": "mosi", "method": "cggm", "seed": 0,
///            "stages": [{"kind": "train", "method": "cggm", "folder": "runs/mosi/cggm/seed-0"}]}]}
/// ```
/// Folders are relative to the file's; runs may share one.
struct ComparisonDescription: Sendable {
  struct Stage: Sendable {
    var kind: String
    var method: String
    var folder: String
  }
  struct Run: Sendable {
    var data: String
    var method: String
    var seed: Int
    var stages: [Stage]
  }

  static let file = "comparison.json"

  var reference: String?
  var metric: String?
  var runs: [Run] = []

  /// Reads the file of a folder; nil where there is none.
  /// - Throws: `Fault(.badData)` with the key that is missing or of another form.
  static func read(_ folder: String) throws(Fault) -> ComparisonDescription? {
    let path = "\(folder)/\(file)"
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    return try ComparisonDescription(parsing: String(decoding: data, as: UTF8.self), file: path)
  }

  init(parsing text: String, file: String? = nil) throws(Fault) {
    let document = try OrderedJSON(parsing: text, file: file)
    func fault(_ key: String, _ found: OrderedJSON?, _ expected: String) -> Fault {
      Fault(
        .badData, "the description of the comparison is not of the expected form", file: file, key: key,
        found: found?.kindName ?? "nothing", expected: expected)
    }
    func string(_ value: OrderedJSON?, _ key: String) throws(Fault) -> String {
      guard case .string(let text)? = value else { throw fault(key, value, "a string") }
      return text
    }
    func list(_ value: OrderedJSON?, _ key: String) throws(Fault) -> [OrderedJSON] {
      guard case .array(let elements)? = value else { throw fault(key, value, "a list") }
      return elements
    }
    guard case .object = document else { throw fault("", document, "an object") }
    if let value = document["reference"], value != .null { reference = try string(value, "reference") }
    if let value = document["metric"], value != .null { metric = try string(value, "metric") }
    for (index, run) in try list(document["runs"], "runs").enumerated() {
      let key = "runs.\(index)"
      guard case .integer(let seed)? = run["seed"] else { throw fault("\(key).seed", run["seed"], "an integer") }
      var stages: [Stage] = []
      for (place, stage) in try list(run["stages"], "\(key).stages").enumerated() {
        let own = "\(key).stages.\(place)"
        let folder = try string(stage["folder"], "\(own).folder")
        guard !folder.hasPrefix("/"), !folder.split(separator: "/").contains("..") else {
          throw Fault(
            .badData, "a run lies outside of the comparison's folder", file: file, key: "\(own).folder", found: folder,
            expected: "a folder below that of this file")
        }
        stages.append(
          Stage(
            kind: try string(stage["kind"], "\(own).kind"), method: try string(stage["method"], "\(own).method"),
            folder: folder))
      }
      runs.append(
        Run(
          data: try string(run["data"], "\(key).data"), method: try string(run["method"], "\(key).method"), seed: seed,
          stages: stages))
    }
  }
}
