import Foundation
import OrderedCollections
import Polyphony
import Torch

@testable import PolyphonySupport

/// The folder of a comparison with plausible numbers from a formula.
///
/// It has two data sets, four methods, five seeds, three conditions of missing data, shifts, and the logs of training
/// and tuning.
struct ComparisonFixture {
  var data = ["mosi", "numerals"]
  /// The names of methods, with their effect on the score and their number of trained parameters.
  var methods: [(name: String, gain: Double, trained: Int)] = [
    ("zero_fill", 0, 0), ("full", 0.021, 182_040), ("lora", 0.017, 9_216), ("prompts", 0.034, 14_720),
  ]
  var missing = ["complete", "sample:0.3", "sample:0.6"]
  var shifts = ["noise:1", "noise:3", "noise:5", "drop:1", "drop:3", "drop:5"]
  var modalities = ["text", "audio", "vision"]
  var seeds = [0, 1, 2, 3, 4]
  var metric = "accuracy"

  /// A number between −1 and 1 that is a function of some words.
  private func noise(_ words: String...) -> Double {
    let hash = words.joined(separator: "\u{1}").utf8.reduce(UInt64(14_695_981_039_346_656_037)) {
      ($0 ^ UInt64($1)) &* 1_099_511_628_211
    }
    return Double((hash ^ hash >> 29) % 20_011) / 10_005.5 - 1
  }

  /// A method's score under a condition with a seed.
  private func score(_ data: String, _ place: Int, _ condition: String, _ seed: Int) -> Double {
    let method = methods[place]
    let level = Double(condition.split(separator: ":").last ?? "") ?? 0
    let severity = condition.hasPrefix("sample") ? level * 5 : level
    let base = 0.88 - 0.03 * severity - 0.1 * Double(self.data.firstIndex(of: data) ?? 0)
    return base + method.gain * (0.3 + severity / 3) + 0.012 * noise(data, "\(seed)")
      + 0.006 * noise(data, method.name, condition, "\(seed)")
  }

  private func row(_ data: String, _ place: Int, _ key: String, _ condition: String) -> ResultsDocument.Row {
    let method = methods[place]
    let scores = seeds.map { score(data, place, condition, $0) }
    var metrics: OrderedDictionary<String, Aggregate> = [
      metric: Aggregate(scores), "f1_macro": Aggregate(scores.map { $0 - 0.011 }),
    ]
    if condition == missing.first {
      for (index, modality) in modalities.enumerated() {
        let share = 0.2 - 0.11 * Double(index)
        metrics["\(modality)/alone"] = Aggregate(scores.map { $0 - 0.3 + share })
        metrics["\(modality)/without"] = Aggregate(scores.map { $0 - share / 2 })
        metrics["\(modality)/shapley"] = Aggregate(scores.map { share + 0.02 * ($0 - 0.8) })
      }
    }
    return ResultsDocument.Row(
      name: method.name, split: "test", seeds: seeds, metrics: metrics,
      parameters: .init(total: 182_040 + (method.trained < 182_040 ? method.trained : 0), trainable: method.trained),
      extra: [
        "data": .string(data), key: .string(condition),
        "seconds": .number(method.trained == 0 ? 0.4 : 12 + Double(place) * 7.3),
      ])
  }

  /// The results document of the comparison.
  var document: ResultsDocument {
    let rows = data.flatMap { data in
      (missing.map { ("missing", $0) } + shifts.map { ("shift", $0) }).flatMap { key, condition in
        methods.indices.map { row(data, $0, key, condition) }
      }
    }
    return ResultsDocument(command: "compare", version: Polyphony.version, results: rows)
  }

  /// Writes `results.json`, `comparison.json` and the folders of all runs.
  func write(to folder: String) throws {
    try document.text().write(toFile: "\(folder)/results.json", atomically: true, encoding: .utf8)
    var runs: [OrderedJSON] = []
    for (set, data) in data.enumerated() {
      for (place, method) in methods.enumerated() {
        for seed in seeds {
          let base = "runs/\(set)/base/seed-\(seed)"
          let own = "runs/\(set)/method-\(place)/seed-\(seed)"
          try log(folder, base, 0.8, "\(data) \(seed)")
          try log(folder, own, 0.85 + method.gain, "\(data) \(method.name) \(seed)")
          let stages: [OrderedJSON] = [
            ["kind": "train", "method": "joint", "folder": .string(base)],
            ["kind": "tune", "method": .string(method.name), "folder": .string(own)],
          ]
          runs.append([
            "data": .string(data), "method": .string(method.name), "seed": .integer(seed), "stages": .array(stages),
          ])
        }
      }
    }
    let description: OrderedJSON = [
      "reference": .string(methods[0].name), "metric": .string(metric), "runs": .array(runs),
    ]
    try description.text().write(toFile: "\(folder)/comparison.json", atomically: true, encoding: .utf8)
  }

  private func log(_ folder: String, _ path: String, _ top: Double, _ words: String) throws {
    try FileManager.default.createDirectory(atPath: "\(folder)/\(path)", withIntermediateDirectories: true)
    let lines = (1...12).map { epoch -> String in
      let left = exp(-Double(epoch) / 4)
      let record: OrderedJSON = [
        "epoch": .integer(epoch), "step": .integer(epoch * 40), "split": "epoch",
        "train/loss": .number(0.3 + left + 0.03 * noise(words, "t\(epoch)")),
        "valid/loss": .number(0.4 + 0.9 * left + 0.05 * noise(words, "v\(epoch)")),
        "valid/\(metric)": .number(top - 0.5 * left + 0.02 * noise(words, "s\(epoch)")), "learning_rate": 0.001,
      ]
      return record.text(.line) + "\n"
    }
    try lines.joined().write(toFile: "\(folder)/\(path)/metrics.jsonl", atomically: true, encoding: .utf8)
    try "training:\n  epochs: 12\n".write(toFile: "\(folder)/\(path)/recipe.yaml", atomically: true, encoding: .utf8)
  }
}
