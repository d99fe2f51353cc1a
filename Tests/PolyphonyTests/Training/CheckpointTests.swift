import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// A damaged or foreign checkpoint never becomes another model.
@Suite struct CheckpointTests {
  private final class Notes: TrainingObserver {
    var texts: [String] = []
    func note(_ text: String) { texts.append(text) }
  }

  private struct Run {
    var folder: String
    var settings = Tiny.settings(epochs: 4)
    var seed: UInt64 = 4
    var samples: UInt64 = 5
    var valid: UInt64 = 6
    let notes = Notes()

    func callAsFunction(resume: Bool = false, stop: Int? = nil) throws -> [UInt8] {
      let configuration = Tiny.configuration("late_fusion", .regression)
      let model = try Tiny.model(configuration)
      func split(_ seed: UInt64) -> LabelledSplit {
        let batch = Tiny.batch(configuration, count: 24, seed: seed)
        return LabelledSplit(samples: UnlabelledSplit(name: "x", inputs: batch.inputs), target: batch.target)
      }
      var steps = 0
      try ownRandomNumbers {
        _ = try Trainer(
          model, training: split(samples), validation: split(valid), settings: settings, seed: seed, folder: folder,
          observers: [notes]
        ).run(resume: resume) {
          steps += 1
          return stop.map { steps >= $0 } ?? false
        }
      }
      return model.backbone.state().flatMap { $0.tensor.withBytes { Array($0) } }
    }
  }

  private func run(_ folder: String, _ name: String) throws -> Run {
    try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
    return Run(folder: "\(folder)/\(name)")
  }

  private static let files = [
    "state.json", "model.safetensors", "optimizer.safetensors", "best.safetensors", HashList.name,
  ]

  /// Flips one bit in the middle of a file.
  private func damage(_ path: String) throws {
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    bytes[bytes.count / 2] ^= 4
    try bytes.write(to: URL(fileURLWithPath: path))
  }

  @Test(arguments: files, [true, false]) func aDamagedFileGoesBackToTheCheckpointBefore(file: String, flips: Bool)
    throws
  {
    try withTemporaryFolder { folder in
      let expected = try run(folder, "whole")()
      let stopped = try run(folder, "stopped")
      _ = try stopped(stop: 9)
      let path = "\(stopped.folder)/checkpoint/\(file)"
      if flips { try damage(path) } else { try FileManager.default.removeItem(atPath: path) }
      #expect(try stopped(resume: true) == expected)
      #expect(stopped.notes.texts.contains { $0.contains("checkpoint/") && $0.contains("checkpoint before") })
      #expect(try names(in: stopped.folder) == ["checkpoint", "checkpoint-previous"])
    }
  }

  @Test func withoutAWholeCheckpointTheRunIsRefused() throws {
    try withTemporaryFolder { folder in
      let stopped = try run(folder, "stopped")
      _ = try stopped(stop: 9)
      for name in ["checkpoint", "checkpoint-previous"] {
        try damage("\(stopped.folder)/\(name)/optimizer.safetensors")
      }
      let fault = expectFault(.badData) { _ = try stopped(resume: true) }
      #expect(fault?.file?.hasSuffix("checkpoint/optimizer.safetensors") == true && fault?.key == "sha256")
      #expect(fault?.remedy == "remove the checkpoint to start the run anew")
      try FileManager.default.removeItem(atPath: stopped.folder + "/checkpoint-previous")
      try FileManager.default.removeItem(atPath: stopped.folder + "/checkpoint/\(HashList.name)")
      let old = expectFault(.badData) { _ = try stopped(resume: true) }
      #expect(old?.problem == "the checkpoint has no hashes" && old?.remedy?.contains("version") == true)
    }
  }

  /// Before the second checkpoint there is none before it, and at any later time both are whole.
  @Test func theCheckpointBeforeIsKept() throws {
    try withTemporaryFolder { folder in
      let run = try run(folder, "run")
      _ = try run(stop: 1)
      #expect(try names(in: run.folder) == ["checkpoint"])
      _ = try run(resume: true)
      for name in ["checkpoint", "checkpoint-previous"] { try HashList.check(in: "\(run.folder)/\(name)") }
      let epochs = try ["checkpoint", "checkpoint-previous"].map { name -> OrderedJSON? in
        let state = try String(contentsOfFile: "\(run.folder)/\(name)/state.json", encoding: .utf8)
        return try OrderedJSON(parsing: state)["epoch"]
      }
      #expect(epochs == [4, 3])
    }
  }

  @Test func whatDiffersIsNamedWithBothValues() throws {
    try withTemporaryFolder { folder in
      let stopped = try run(folder, "stopped")
      _ = try stopped(stop: 5)
      var other = stopped
      (other.settings.batchSize, other.settings.learningRate, other.seed) = (4, 0.5, 9)
      let fault = expectFault(.usage) { _ = try other(resume: true) }
      #expect(fault?.key == "seed, training.batch_size, training.learning_rate")
      #expect(fault?.found == "seed: 4 → 9; training.batch_size: 8 → 4; training.learning_rate: 0.001 → 0.5")
      var replaced = stopped
      replaced.valid = 7
      let data = expectFault(.usage) { _ = try replaced(resume: true) }
      #expect(data?.key == "data.valid.m0, data.valid.m1, data.valid.m2, data.valid.target", "\(data?.key ?? "")")
      #expect(data?.found?.contains("… → ") == true)
      var longer = stopped
      longer.settings.epochs = 5
      _ = try longer(resume: true)
    }
  }
}
