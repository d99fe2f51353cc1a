import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonyService
@testable import PolyphonySupport

/// Trains in several processes, as a user does, and compares files.
@Suite struct GroupProgramTests {
  private static let pair = ["launch", "--processes", "2", "--"]
  private static let halves = ["--set", "training.accumulate=2"]

  /// The tensors that a run leaves. `state.json`, recipe and environment name the division.
  private static func tensors(_ folder: String) throws -> [String: Data] {
    try contents(of: folder) { !$0.hasSuffix(".safetensors") }
  }

  private static func names(_ folder: String) throws -> Set<String> {
    Set(try contents(of: folder) { $0.contains("events.out") }.keys)
  }

  @Test(arguments: ["joint", "cggm"]) func twoProcessesLeaveTheFilesOfOne(balance: String) throws {
    try withTemporaryFolder { folder in
      let train = ["train", "--data", try ResumeTests.dataset(folder), "--balance", balance] + ResumeTests.settings
      try Program.succeed(train + Self.halves + ["--output", "one"], in: folder)
      let pair = try Program.succeed(Self.pair + train + ["--output", "two"], in: folder)
      #expect(try Self.tensors("\(folder)/two") == Self.tensors("\(folder)/one"))
      #expect(try Self.names("\(folder)/two") == Self.names("\(folder)/one"))
      // One process prints.
      let text = pair.output + pair.errors
      #expect(text.components(separatedBy: "chosen on validation").count == 2, "\(text)")
    }
  }

  @Test func tuningsShareTheirWorkToo() throws {
    try withTemporaryFolder { folder in
      let data = try ResumeTests.dataset(folder)
      try Program.succeed(["train", "--data", data, "--output", "base"] + ResumeTests.settings, in: folder)
      let tune =
        ["tune", "--model", "base", "--data", data, "--method", "lora,wander", "--missing", "sample:0.3"]
        + ["--set", "training.epochs=2", "--seeds", "2"]
      try Program.succeed(tune + Self.halves + ["--output", "one"], in: folder)
      try Program.succeed(Self.pair + tune + ["--output", "two"], in: folder)
      #expect(try Self.tensors("\(folder)/two") == Self.tensors("\(folder)/one"))
    }
  }

  /// The optimiser is SGD, with which the sums of a pair and of one process differ by their rounding alone.
  @Test func adaptationsAndScoresShareTheirWorkToo() throws {
    try withTemporaryFolder { folder in
      let data = try BrokenData(folder)
      let adapt =
        ["adapt", "--model", data.model, "--data", data.folder, "--method", "casp,tent", "--json"]
        + AdaptationProgramTests.short + ["--set", "adaptation.optimizer=sgd", "--output"]
      try Program.succeed(adapt + ["one"], in: folder)
      let pair = try Program.succeed(Self.pair + adapt + ["two"], in: folder)
      #expect(try ResultsDocument(parsing: pair.output).results.map(\.name) == ["casp", "tent", "source"])
      #expect(try Self.names("\(folder)/two") == Self.names("\(folder)/one"))
      for method in ["casp", "tent"] {
        let (one, two) = (try Self.adapter("\(folder)/one/\(method)"), try Self.adapter("\(folder)/two/\(method)"))
        #expect(!one.isEmpty && one.count == two.count)
        #expect(zip(one, two).allSatisfy { abs($0 - $1) <= 1e-6 }, "\(method)")
      }
      let evaluate = [
        "evaluate", "--model", data.model, "--adapter", "none", "--adapter", "one/casp/adapter", "--data", data.folder,
        "--missing", "sample:0,0.5", "--output",
      ]
      let alone = try Program.succeed(evaluate + ["alone"], in: folder)
      let together = try Program.succeed(Self.pair + evaluate + ["together"], in: folder)
      #expect(together.output == alone.output)
      // The environment has the command line.
      let files = { (name: String) in try contents(of: "\(folder)/\(name)") { $0 == RunEnvironment.file } }
      #expect(try files("together") == files("alone"))
    }
  }

  /// The elements of all tensors of an adapter, in the order of their keys.
  private static func adapter(_ folder: String) throws -> [Float] {
    try contents(of: "\(folder)/adapter") { !$0.hasSuffix(".safetensors") }.keys.sorted().flatMap { file in
      try SafetensorsFile(path: "\(folder)/adapter/\(file)").tensors().sorted { $0.key < $1.key }
        .flatMap { $0.value.floats }
    }
  }

  /// A pair that is stopped goes on in one process.
  @Test func aStoppedPairGoesOnInOneProcess() throws {
    try withTemporaryFolder { folder in
      let train = ["train", "--data", try ResumeTests.dataset(folder)] + ResumeTests.settings
      let long = train + ["--set", "training.epochs=40", "--output"]
      try Program.succeed(long + ["whole"] + Self.halves, in: folder)
      let stopped = try Program.run(Self.pair + long + ["run"], in: folder) { process in
        while process.isRunning, !FileManager.default.fileExists(atPath: "\(folder)/run/checkpoint") {
          Thread.sleep(forTimeInterval: 0.02)
        }
        kill(process.processIdentifier, SIGINT)
      }
      #expect(stopped.code == 130 || stopped.code == 0, "\(stopped.errors)")
      try Program.succeed(long + ["run", "--resume"] + Self.halves, in: folder)
      #expect(try Self.tensors("\(folder)/run") == Self.tensors("\(folder)/whole"))
    }
  }

  /// Starts processes of one group with arguments of their own, and returns their outcomes.
  private static func group(
    _ arguments: [[String]], size: Int? = nil, in folder: String, environment: [String: String?] = [:],
    stopping: [Int: (Process) -> Void] = [:]
  ) throws -> [Program.Outcome] {
    let port = try ServiceListener.freePort(0, host: "127.0.0.1")
    let outcomes = Locked<[Int: Result<Program.Outcome, any Error>]>([:])
    let stops = Locked(stopping.mapValues { Unchecked($0) })
    let done = DispatchSemaphore(value: 0)
    for (rank, words) in arguments.enumerated() {
      var variables: [String: String?] = [
        "RANK": "\(rank)", "WORLD_SIZE": "\(size ?? arguments.count)", "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": "\(port)",
      ]
      variables.merge(environment) { $1 }
      Thread.detachNewThread { [variables] in
        let stop = stops.value[rank]?.value
        let result = Result { try Program.run(words, in: folder, environment: variables, stopAfter: stop) }
        outcomes.update { $0[rank] = result }
        done.signal()
      }
    }
    for _ in arguments { done.wait() }
    return try arguments.indices.map { try outcomes.value[$0]!.get() }
  }

  private struct Unchecked<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
  }

  /// Every process names the difference, and none goes on.
  @Test(arguments: [
    (["--set", "training.learning_rate=0.5"], "training.learning_rate"),
    (["--set", "training.epochs=5"], "group.epochs"),
    (["--seed", "7"], "seed"),
  ]) func differentRunsAreRefused(difference: [String], key: String) throws {
    try withTemporaryFolder { folder in
      let train = ["train", "--data", try ResumeTests.dataset(folder), "--output", "run"] + ResumeTests.settings
      for outcome in try Self.group([train, train + difference], in: folder) {
        #expect(outcome.code == 64, "\(outcome.errors)")
        #expect(outcome.errors.contains("the processes of the group have different runs"), "\(outcome.errors)")
        #expect(outcome.errors.contains(key) && outcome.errors.contains("rank 1"), "\(outcome.errors)")
      }
    }
  }

  @Test func otherSamplesAreRefused() throws {
    try withTemporaryFolder { folder in
      let one = try ResumeTests.dataset(folder)
      var generator = SyntheticSentiment()
      (generator.samples, generator.seed) = (160, 9)
      try DatasetWriter.write(generator.description, try generator.make(), to: folder + "/other")
      let train = { (data: String) in ["train", "--data", data, "--output", "run"] + ResumeTests.settings }
      for outcome in try Self.group([train(one), train("\(folder)/other")], in: folder) {
        #expect(outcome.code == 64 && outcome.errors.contains("data.train"), "\(outcome.errors)")
      }
    }
  }

  @Test func aProcessThatNeverComesIsNamed() throws {
    try withTemporaryFolder { folder in
      let train = ["train", "--data", try ResumeTests.dataset(folder), "--output", "run"] + ResumeTests.settings
      let outcome = try Self.group([train], size: 2, in: folder, environment: ["POLYPHONY_GROUP_TIMEOUT": "1"])[0]
      #expect(outcome.code == 70 && outcome.errors.contains("no rank 1"), "\(outcome.errors)")
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/run"))
    }
  }

  @Test func aTakenPortIsNamed() throws {
    let server = RecordingServer { _ in (200, "") }
    try withTemporaryFolder { folder in
      let train = ["train", "--data", try ResumeTests.dataset(folder), "--output", "run"] + ResumeTests.settings
      let outcome = try Self.group(
        [train], size: 2, in: folder,
        environment: ["MASTER_PORT": "\(server.port)", "POLYPHONY_GROUP_TIMEOUT": "5"])[0]
      #expect(outcome.code == 70 && outcome.errors.contains("MASTER_PORT"), "\(outcome.errors)")
    }
  }

  /// The other process ends with one message, and the checkpoint is whole.
  @Test(arguments: [0, 1]) func aKilledProcessEndsTheOther(victim: Int) throws {
    try withTemporaryFolder { folder in
      let train = ["train", "--data", try ResumeTests.dataset(folder), "--output", "run"] + ResumeTests.settings
      let long = train + ["--set", "training.epochs=20000"]
      let outcomes = try Self.group(
        [long, long], in: folder,
        stopping: [
          victim: { process in
            while process.isRunning, !FileManager.default.fileExists(atPath: "\(folder)/run/checkpoint") {
              Thread.sleep(forTimeInterval: 0.02)
            }
            kill(process.processIdentifier, SIGKILL)
          }
        ])
      #expect(outcomes[victim].code == -SIGKILL)
      #expect(outcomes[1 - victim].code == 70, "\(outcomes[1 - victim].errors)")
      #expect(outcomes[1 - victim].errors.contains("a process of the group has gone"), "\(outcomes[1 - victim].errors)")
      let checkpoint = try #require(try contents(of: "\(folder)/run/checkpoint")["state.json"])
      #expect(!checkpoint.isEmpty)
      try HashList.check(in: "\(folder)/run/checkpoint")
    }
  }

  @Test func otherCommandsAreRefused() throws {
    let outcome = try Program.run(
      ["predict", "--model", "nowhere", "--data", "nowhere", "--output", "rows.csv"],
      environment: ["RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"])
    #expect(outcome.code == 64 && outcome.errors.contains("takes no part in a group of processes"), "\(outcome.errors)")
  }
}
