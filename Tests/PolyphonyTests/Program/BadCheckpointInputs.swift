import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// Checkpoints that are damaged, or that another run wrote.
extension BadInputTests {
  private static let train = [
    "train", "--data", "DATA", "--output", "DATA/run", "--resume", "--set", "training.epochs=2", "--set",
    "model={width: 8, heads: 2, layers: 1}",
  ]

  /// A checkpoint after one epoch, changed, and a second epoch.
  private static func resumed(
    _ name: String, code: Int32 = 65, _ mentions: String..., more: [String] = [],
    _ change: @escaping @Sendable (_ data: BrokenData, _ checkpoint: String) throws -> Void = { _, _ in }
  ) -> Case {
    Case(
      name: name, code: code, mentions: mentions,
      breaking: { data in
        let first = train.map { $0.replacingOccurrences(of: "DATA", with: data.folder) }
        try Program.succeed(first + ["--set", "training.epochs=1"])
        // A killed run has no results.
        try FileManager.default.removeItem(atPath: data.folder + "/run/results.json")
        try change(data, data.folder + "/run/checkpoint")
      }, arguments: train + more)
  }

  /// Changes the state, and makes the list of hashes anew.
  private static func state(
    _ name: String, _ key: String, replacing old: String, with new: String
  ) -> Case {
    resumed(name, "state.json", key, "remove the checkpoint") { _, checkpoint in
      let text = try String(contentsOfFile: checkpoint + "/state.json", encoding: .utf8)
      try text.replacingOccurrences(of: old, with: new).write(
        toFile: checkpoint + "/state.json", atomically: true, encoding: .utf8)
      try HashList.write(of: try names(in: checkpoint).filter { $0 != HashList.name }, in: checkpoint)
    }
  }

  static let checkpoints: [Case] = [
    state("a negative epoch", "epoch", replacing: "\"epoch\" : 1", with: "\"epoch\" : -1"),
    state("a negative step", "stepInEpoch", replacing: "\"stepInEpoch\" : 0", with: "\"stepInEpoch\" : -1"),
    state("a huge step", "step", replacing: "\"step\" : 2", with: "\"step\" : 4611686018427387904"),
    state("a wrong count of samples", "sampleCount", replacing: "\"sampleCount\" : 0", with: "\"sampleCount\" : 7"),
    state("a negative learning rate", "schedule.factor", replacing: "\"factor\" : 1", with: "\"factor\" : -1"),
    resumed("a checkpoint with a damaged optimizer", "optimizer.safetensors", "sha256", "remove the checkpoint") {
      let path = $1 + "/optimizer.safetensors"
      var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      bytes[bytes.count - 1] ^= 1
      try bytes.write(to: URL(fileURLWithPath: path))
    },
    resumed("a checkpoint without hashes", "the checkpoint has no hashes", "version") {
      try FileManager.default.removeItem(atPath: "\($1)/\(HashList.name)")
    },
    resumed("a checkpoint of other data", code: 64, "data.train.text", "→", "the samples of the run's start") {
      data, _ in
      try data.edit("train") { $0.fill("text", 0.25) }
    },
    resumed(
      "a checkpoint of other settings", code: 64, "training.batch_size: 32 → 16",
      more: ["--set", "training.batch_size=16"]),
  ]
}
