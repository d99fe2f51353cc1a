import Foundation
import Polyphony
import Testing

/// Runs `compare` and `run` in several processes, as a user does.
@Suite struct CellProcessTests {
  private typealias Fixtures = PipelineFixtures

  /// Both methods share their first stage, so one process waits for the other.
  private static let comparison = """
    data: data
    seeds: 2
    methods:
      plain: [\(Fixtures.train)]
      tuned:
        - \(Fixtures.train)
        - \(Fixtures.wander)
    evaluate: {missing: ["sample:0.5"]}

    """
  private static let single = "data: data\nseeds: 2\nstages: [\(Fixtures.train)]\n"

  /// The rows of the results without measured times.
  private static func results(_ folder: String) throws -> [ResultsDocument.Row] {
    let text = try String(contentsOfFile: "\(folder)/out/results.json", encoding: .utf8)
    return try ResultsDocument(parsing: text).results.map { row in
      var row = row
      for key in ["seconds", "cost"] { row.extra[key] = nil }
      return row
    }
  }

  /// The files that must be the same. The report and its tables have measured times.
  private static func outcome(_ folder: String) throws -> [String: Data] {
    try Fixtures.outcome("\(folder)/out").filter { !$0.key.hasPrefix("report.") && !$0.key.hasPrefix("table.") }
  }

  private static func errors(_ outcome: Program.Outcome) -> [Substring] {
    outcome.errors.split(separator: "\n").filter { $0.hasPrefix("error:") }
  }

  /// Each worker is killed in its second checkpoint. The same command goes on, and ends with the files of one process.
  @Test func killedProcessesGoOnToTheBitsOfOne() throws {
    try withTemporaryFolder { folder in
      let (one, two) = ("\(folder)/one", "\(folder)/two")
      for place in [one, two] {
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        try Fixtures.write(Self.comparison, in: place)
      }
      let command = ["compare", "recipe.yaml", "--output", "out"]
      try Program.succeed(command, in: one)
      let shared = command + ["--processes", "2"]
      let killed = try Program.run(shared, in: two, environment: ["POLYPHONY_KILL_AT": "removeOld:2"])
      #expect(killed.code == 128 + SIGKILL, "\(killed.errors)")
      #expect(Self.errors(killed).count == 1, "\(killed.errors)")
      #expect(Self.errors(killed).allSatisfy { $0.contains(" of 2 was ended by signal 9") }, "\(killed.errors)")

      let whole = try Program.succeed(shared, in: two)
      #expect(whole.errors.contains("2 processes; 0 of 4 stages done, 0 of 4 models scored"), "\(whole.errors)")
      #expect(whole.errors.contains("4 of 4 stages done, 4 of 4 models scored"), "\(whole.errors)")
      #expect(whole.errors.contains("resumed after epoch 1"), "\(whole.errors)")
      #expect(Fixtures.stages(whole).done.count == 4 && !whole.errors.contains("epoch 2/"), "\(whole.errors)")
      #expect(try Self.results(two) == Self.results(one))
      let (found, expected) = (try Self.outcome(two), try Self.outcome(one))
      #expect(expected.keys.contains("comparison.json") && expected.keys.contains("environment.json"))
      #expect(found == expected, "\(Fixtures.differences(found, expected))")
    }
  }

  /// Both processes write their checkpoints and end. The same folder serves one process afterwards.
  @Test func aSignalStopsAllProcesses() throws {
    try withTemporaryFolder { folder in
      try Fixtures.write(Self.single, in: folder)
      let stages = "\(folder)/out/stages"
      func checkpoints() -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: stages)) ?? []
        return names.map { "\(stages)/\($0)" }.filter {
          FileManager.default.fileExists(atPath: "\($0)/checkpoint/state.json")
        }
      }
      let command = ["run", "recipe.yaml", "--output", "out", "--set"]
      let stopped = try Program.run(
        command + ["stages.0.train.training.epochs=20000", "--processes", "2"], in: folder
      ) { process in
        while process.isRunning, checkpoints().count < 2 { Thread.sleep(forTimeInterval: 0.02) }
        kill(process.processIdentifier, SIGINT)
      }
      #expect(stopped.code == 130, "\(stopped.errors)")
      #expect(stopped.errors.components(separatedBy: "stopped; continue with the same command").count == 2)
      #expect(Self.errors(stopped).isEmpty && !stopped.errors.contains("--resume"), "\(stopped.errors)")
      // A process that still ran would have the lock of its stage.
      for stage in checkpoints() { _ = try RunFolder(stage, existing: .resume) }
      let after = try Program.succeed(command + ["stages.0.train.training.epochs=1"], in: folder)
      #expect(Fixtures.stages(after).done == ["cggm", "cggm"])
    }
  }

  /// Both processes meet the fault, and the user reads it once.
  @Test func aFaultInACellIsOneMessage() throws {
    try withTemporaryFolder { folder in
      try Fixtures.write(Self.single, in: folder)
      let outcome = try Program.run(
        [
          "run", "recipe.yaml", "--output", "out", "--processes=2", "--set",
          "stages.0.train.training.learning_rate=1e38",
        ], in: folder)
      #expect(outcome.code == 70, "\(outcome.errors)")
      #expect(Self.errors(outcome) == ["error: the loss is not a finite number, training stops"], "\(outcome.errors)")
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/out/results.json"))
    }
  }

  @Test func aGroupOfProcessesIsRefused() throws {
    let outcome = try Program.run(
      ["compare", "recipe.yaml", "--output", "out", "--processes", "2"],
      environment: ["RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"])
    #expect(outcome.code == 64 && outcome.errors.contains("takes no part in a group of processes"), "\(outcome.errors)")
  }
}
