import Foundation
import Polyphony
import Testing

/// Runs `polyphony launch` as a user does: processes that start, fail and stop together.
@Suite struct LaunchTests {
  private static let missing = ["train", "--data", "nowhere", "--output", "run"]
  /// These tests hold for one process, however the processes of a group share their work.
  private static let single = ["launch", "--processes", "1", "--"]

  private static func lines(_ outcome: Program.Outcome) -> [String] {
    outcome.errors.split(separator: "\n").map(String.init)
  }

  @Test func theFirstFailureIsTheStatus() throws {
    try withTemporaryFolder { folder in
      let outcome = try Program.run(["launch", "--processes", "2", "--"] + Self.missing, in: folder)
      #expect(outcome.code == 66, "\(outcome.errors)")
      let last = Self.lines(outcome).filter { $0.hasPrefix("error: rank ") }
      #expect(last.count == 1 && last[0].hasSuffix(" of 2 ended with status 66"), "\(outcome.errors)")
      #expect(outcome.errors.contains("nowhere"))
    }
  }

  @Test func aFailureStartsAllOfThemAgain() throws {
    try withTemporaryFolder { folder in
      let outcome = try Program.run(["launch", "--processes", "1", "--restarts", "2", "--"] + Self.missing, in: folder)
      #expect(outcome.code == 66, "\(outcome.errors)")
      let ends = Self.lines(outcome).filter { $0.contains("rank 0 of 1") }
      let text = "rank 0 of 1 ended with status 66"
      #expect(ends == ["\(text); restart 1 of 2", "\(text); restart 2 of 2", "error: \(text)"], "\(outcome.errors)")
    }
  }

  @Test func theHelpOfTheCommandComesOnce() throws {
    let outcome = try Program.succeed(
      ["launch", "--processes", "3", "--", "train", "--help"], environment: ["LIBTORCH": "/nowhere"])
    #expect(outcome.output.components(separatedBy: "USAGE: polyphony train").count == 2)
  }

  @Test func aTakenPortIsAnError() throws {
    let server = RecordingServer { _ in (200, "") }
    let outcome = try Program.run(["launch", "--processes", "2", "--port", "\(server.port)", "--"] + Self.missing)
    #expect(outcome.code == 70 && outcome.errors.contains("another program listens on this port"), "\(outcome.errors)")
  }

  #if os(Linux)
    /// libgomp itself says how many threads it has.
    @Test(arguments: [nil, "3"] as [String?]) func theCoresAreShared(chosen: String?) throws {
      try withTemporaryFolder { folder in
        let outcome = try Program.run(
          ["launch", "--processes", "2", "--"] + Self.missing, in: folder,
          environment: ["OMP_NUM_THREADS": chosen, "OMP_DISPLAY_ENV": "TRUE"])
        let threads = chosen ?? "\(max(1, ProcessInfo.processInfo.activeProcessorCount / 2))"
        #expect(outcome.errors.contains("OMP_NUM_THREADS = '\(threads)'"), "\(outcome.errors)")
      }
    }
  #endif

  /// A training that is killed in its second checkpoint of each start ends with the bits of an undisturbed one.
  @Test func aKilledProcessGoesOn() throws {
    try withTemporaryFolder { folder in
      let train = ["train", "--data", try ResumeTests.dataset(folder)] + ResumeTests.settings
      try Program.succeed(train + ["--output", "whole"], in: folder)
      let kill: [String: String?] = ["POLYPHONY_KILL_AT": "removeOld:2"]
      let once = try Program.run(Self.single + train + ["--output", "once"], in: folder, environment: kill)
      #expect(once.code == 128 + SIGKILL, "\(once.errors)")
      #expect(once.errors.contains("error: rank 0 of 1 was ended by signal 9 (Killed"), "\(once.errors)")

      let launch = ["launch", "--processes", "1", "--restarts", "20", "--"]
      let often = try Program.run(launch + train + ["--output", "often"], in: folder, environment: kill)
      #expect(often.code == 0 && often.errors.contains("; restart 1 of 20"), "\(often.errors)")
      // The names of the folders stand in the files of results.
      func outcome(_ name: String) throws -> [String: Data] {
        try ResumeTests.outcome("\(folder)/\(name)").filter { !$0.key.hasSuffix(".json") || $0.key.contains("/") }
      }
      #expect(try outcome("often") == outcome("whole"))
    }
  }

  /// Starts a training that would take long, and calls `body` when it has a checkpoint.
  private func interrupted(_ folder: String, _ body: @escaping (Process) -> Void) throws -> Program.Outcome {
    let train = ["train", "--data", try ResumeTests.dataset(folder), "--output", "\(folder)/run"]
    return try Program.run(Self.single + train + ResumeTests.settings + ["--set", "training.epochs=20000"]) { process in
      while process.isRunning, !FileManager.default.fileExists(atPath: "\(folder)/run/checkpoint") {
        Thread.sleep(forTimeInterval: 0.02)
      }
      body(process)
    }
  }

  /// The process gets the signal once, so it writes its checkpoint.
  @Test(arguments: [SIGINT, SIGTERM]) func aSignalStopsCleanly(signal: Int32) throws {
    try withTemporaryFolder { folder in
      let stopped = try interrupted(folder) { kill($0.processIdentifier, signal) }
      #expect(stopped.code == 130, "\(stopped.errors)")
      #expect(stopped.errors.contains("--resume") && !stopped.errors.contains("error:"), "\(stopped.errors)")
    }
  }

  /// No process is left over once its launcher has been killed.
  @Test func aKilledLauncherLeavesNoProcess() throws {
    try withTemporaryFolder { folder in
      let killed = try interrupted(folder) { kill($0.processIdentifier, SIGKILL) }
      #expect(killed.code == -SIGKILL, "\(killed.errors)")
      // The process has the lock of the folder as long as it runs.
      let limit = ContinuousClock.now + .seconds(30)
      var isFree = false
      while !isFree, ContinuousClock.now < limit {
        isFree = (try? RunFolder("\(folder)/run", existing: .resume)) != nil
        if !isFree { Thread.sleep(forTimeInterval: 0.02) }
      }
      #expect(isFree, "the process still runs")
    }
  }
}
