import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// A run that is killed at any instant and resumed ends with the same bits as an undisturbed one.
@Suite struct ResumeTests {
  static let settings = [
    "--set", "training.epochs=4", "--set", "training.batch_size=16", "--set", "model.layers=1", "--set",
    "model.width=16", "--set", "model.heads=4", "--set", "training.schedule=cosine",
  ]

  /// The files of a run's folder that must be the same. Event files are left out, because they contain times of day.
  static func outcome(_ folder: String) throws -> [String: Data] {
    try contents(of: folder) { $0.contains("events.out") || $0.hasPrefix(".") }
  }

  static func dataset(_ folder: String) throws -> String {
    var generator = SyntheticSentiment()
    generator.samples = 160
    try DatasetWriter.write(generator.description, try generator.make(), to: folder + "/data")
    return folder + "/data"
  }

  @Test func killedRunsEndWithTheSameBits() throws {
    try withTemporaryFolder { folder in
      let arguments = ["train", "--data", try Self.dataset(folder), "--output", "run"] + Self.settings
      let expected = try undisturbed(arguments, folder)
      // The delays cover start, steps, validation and the writing of checkpoints.
      for delay in [0.15, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0] {
        let place = try subfolder("killed-\(delay)", of: folder)
        var kills = 0
        // The run is killed again at this delay until it reaches its end.
        for _ in 0..<3 {
          let killed = try Program.run(arguments + ["--resume"], in: place) { process in
            Thread.sleep(forTimeInterval: delay)
            kill(process.processIdentifier, SIGKILL)
          }
          if killed.code == -SIGKILL { kills += 1 }
        }
        try Program.succeed(arguments + ["--resume"], in: place)
        let found = try Self.outcome("\(place)/run")
        #expect(found == expected, "killed \(kills) times after \(delay) s: \(differences(found, expected))")
      }
    }
  }

  /// Two runs in one folder would overwrite each other's checkpoints, so the second one is refused.
  @Test func aFolderInWhichAnotherProcessWritesIsLeftAlone() throws {
    try withTemporaryFolder { folder in
      let data = try Self.dataset(folder)
      let command = { (name: String) in
        ["train", "--data", data, "--output", "\(folder)/\(name)", "--overwrite"] + Self.settings
      }
      try FileManager.default.createDirectory(atPath: "\(folder)/run/model", withIntermediateDirectories: true)
      let here = try RunFolder("\(folder)/run", existing: .resume)
      let refused = try Program.run(command("run"))
      #expect(refused.code == 73 && refused.errors.contains("another process"), "\(refused.errors)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: here.path) == ["model"])
      // The process that holds the lock may take it again.
      _ = try RunFolder("\(folder)/run/", existing: .resume)
      try Program.succeed(command("other"))
      withExtendedLifetime(here) {}
    }
  }

  /// The run is killed at each system call that writes a checkpoint, early and late.
  @Test(arguments: ["makeTemporary", "write", "syncFile", "exchange", "syncFolder", "removeOld"], [2, 5])
  func aKillWhileACheckpointIsWritten(step: String, occurrence: Int) throws {
    try withTemporaryFolder { folder in
      let arguments = ["train", "--data", try Self.dataset(folder), "--output", "run"] + Self.settings
      let expected = try undisturbed(arguments, folder)
      let place = try subfolder("killed", of: folder)
      let killed = try Program.run(
        arguments, in: place, environment: ["POLYPHONY_KILL_AT": "\(step):\(occurrence)"])
      #expect(killed.code == -SIGKILL, "\(killed.errors)")
      try Program.succeed(arguments + ["--resume"], in: place)
      let found = try Self.outcome("\(place)/run")
      #expect(found == expected, "\(differences(found, expected))")
    }
  }

  private func undisturbed(_ arguments: [String], _ folder: String) throws -> [String: Data] {
    let place = try subfolder("whole", of: folder)
    try Program.succeed(arguments, in: place)
    let outcome = try Self.outcome("\(place)/run")
    #expect(outcome.keys.contains("model/model.safetensors") && outcome.keys.contains("results.json"))
    return outcome
  }

  private func subfolder(_ name: String, of folder: String) throws -> String {
    try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
    return "\(folder)/\(name)"
  }

  @Test(arguments: [SIGINT, SIGTERM]) func aSignalStopsCleanly(signal: Int32) throws {
    try withTemporaryFolder { folder in
      let data = try Self.dataset(folder)
      let more = Self.settings + ["--set", "training.epochs=200"]
      let stopped = try Program.run(["train", "--data", data, "--output", "\(folder)/run"] + more) { process in
        while !FileManager.default.fileExists(atPath: "\(folder)/run/checkpoint") {
          Thread.sleep(forTimeInterval: 0.02)
        }
        kill(process.processIdentifier, signal)
      }
      #expect(stopped.code == 130, "\(stopped.errors)")
      #expect(stopped.errors.contains("--resume"))
      // The stopped run has left a whole model and a checkpoint.
      _ = try ModelFolder.read("\(folder)/run/model")
      let again = try Program.run(["train", "--data", data, "--output", "\(folder)/run"] + more)
      #expect(again.code == 73 && again.errors.contains("--resume"), "\(again.errors)")
    }
  }

  private func differences(_ a: [String: Data], _ b: [String: Data]) -> String {
    Set(a.keys).union(b.keys).filter { a[$0] != b[$0] }.sorted().joined(separator: ", ")
  }
}
