import Foundation
import Polyphony
import Testing
import Torch

/// Small recipes of several stages for the tests of pipelines.
enum PipelineFixtures {
  static let train = """
    train: {balance: cggm, model: {architecture: late_fusion, width: 8, heads: 2, layers: 1}, training: {epochs: 4, batch_size: 16}}
    """
  static let wander = "tune: {method: wander, tuning: {bottleneck: 4}, training: {epochs: 3, batch_size: 16}}"
  static let prompts = """
    tune: {method: prompts, missing: "sample:0.7", tuning: {length: 4}, training: {epochs: 3, batch_size: 16}}
    """
  static let casp = """
    adapt: {method: casp, split: test, corrupt: "noise:3", adaptation: {contrast_epochs: 4, snapshot_interval: 2, pseudo_epochs: 2, batch_size: 16}}
    """
  static let fourLives = """
    data: data
    stages:
      - \(train)
      - \(wander)
      - \(prompts)
      - \(casp)
    evaluate: {missing: ["sample:0.5"], shift: "noise:3"}

    """

  /// Writes the data set `data` and a recipe into a folder.
  static func write(_ recipe: String, in folder: String, samples: Int = 120) throws {
    if !FileManager.default.fileExists(atPath: folder + "/data") { try data(folder + "/data", samples: samples) }
    try recipe.write(toFile: folder + "/recipe.yaml", atomically: true, encoding: .utf8)
  }

  static func data(_ path: String, samples: Int = 120, seed: UInt64 = 0) throws {
    var generator = SyntheticSentiment()
    generator.samples = samples
    generator.seed = seed
    try DatasetWriter.write(generator.description, try generator.make(), to: path)
  }

  /// The files that must be the same. Event files with times of day and files with measured seconds are left out.
  static func outcome(_ folder: String) throws -> [String: Data] {
    try contents(of: folder) { path in
      let name = (path as NSString).lastPathComponent
      return name.contains("events.out") || name.hasPrefix(".")
        || ["stage.json", "seconds", "results.json"].contains(name)
    }
  }

  static func differences(_ a: [String: Data], _ b: [String: Data]) -> String {
    Set(a.keys).union(b.keys).filter { a[$0] != b[$0] }.sorted().joined(separator: ", ")
  }

  /// The kinds (`train`, `tune`, …) of the stages that a run took over, and of those that it ran.
  static func stages(_ outcome: Program.Outcome) -> (taken: [String], done: [String]) {
    let lines = outcome.errors.split(separator: "\n").map(String.init).filter { $0.contains(", stage ") }
    func kinds(_ lines: [String]) -> [String] {
      lines.compactMap { line in
        let words = line.components(separatedBy: ", ").last?.components(separatedBy: ":").first
        return words?.split(separator: " ").last.map(String.init)
      }
    }
    return (kinds(lines.filter { $0.contains("taken from") }), kinds(lines.filter { !$0.contains("taken from") }))
  }
}
