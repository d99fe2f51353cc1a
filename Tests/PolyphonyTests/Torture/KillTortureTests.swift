import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// Every command that resumes is killed at random instants, in its steps and at its system calls. It ends with the bits
/// of an undisturbed run.
@Suite(.enabled(if: Torture.kills > 0, "«make torture» runs these"))
struct KillTortureTests {
  /// A command that resumes when it is repeated.
  struct Command: CustomTestStringConvertible, Sendable {
    let name: String
    let arguments: [String]
    let place: Int

    var testDescription: String { name }
  }

  private static let small = [
    "--set", "training.epochs=3", "--set", "training.batch_size=16",
  ]

  static let commands: [Command] = [
    Command(
      name: "train",
      arguments: ["train", "--data", "data", "--output", "out", "--balance", "cggm", "--resume"] + small
        + ["--set", "model={width: 8, heads: 2, layers: 1}"], place: 0),
    Command(
      name: "tune",
      arguments: [
        "tune", "--model", "model", "--data", "data", "--method", "lora", "--missing", "sample:0.5", "--output", "out",
        "--resume",
      ] + small, place: 1),
    Command(
      name: "adapt",
      arguments: ["adapt", "--model", "model", "--data", "data", "--method", "casp", "--output", "out", "--resume"]
        + AdaptationProgramTests.short, place: 2),
    Command(
      name: "adapt, online",
      arguments: [
        "adapt", "--model", "model", "--data", "data", "--method", "tent", "--online", "--split", "train", "--output",
        "out", "--resume", "--set", "adaptation.batch_size=2",
      ], place: 3),
    Command(name: "run", arguments: ["run", "run.yaml", "--output", "out"], place: 4),
    Command(name: "compare", arguments: ["compare", "compare.yaml", "--output", "out"], place: 5),
  ]

  private static let comparison = """
    data: data
    metric: corr
    methods: {plain: [\(PipelineFixtures.train)], tuned: [\(PipelineFixtures.train), \(PipelineFixtures.wander)]}

    """

  @Test(arguments: commands) func killedAtRandomInstantsItEndsWithTheSameBits(command: Command) throws {
    try withTemporaryFolder { folder in
      let inputs = try inputs(folder + "/inputs")
      func place(_ name: String) throws -> String {
        try FileManager.default.copyItem(atPath: inputs, toPath: "\(folder)/\(name)")
        return "\(folder)/\(name)"
      }
      let whole = try place("whole")
      let start = Date()
      try Program.succeed(command.arguments, in: whole)
      let duration = Date().timeIntervalSince(start)
      let expected = try PipelineFixtures.outcome(whole + "/out")
      var (kills, trials, differing) = (0, 0, 0)
      while kills < Torture.kills, trials < 10 * Torture.kills {
        trials += 1
        let cut = try place("cut")
        // Some runs are killed two or three times before their end.
        for attempt in 0..<(1 + trials % 3) where kills < Torture.kills {
          if try kill(command, trials, attempt, duration, in: cut) { kills += 1 }
        }
        try Program.succeed(command.arguments, in: cut)
        let found = try PipelineFixtures.outcome(cut + "/out")
        if found != expected { differing += 1 }
        #expect(found == expected, "trial \(trials): \(PipelineFixtures.differences(found, expected))")
        try FileManager.default.removeItem(atPath: cut)
      }
      print("\(command.name): \(kills) kills, \(trials) runs to their end, \(differing) with other bits")
      #expect(kills == Torture.kills)
    }
  }

  /// Kills a run once: at a random instant, or just before a random system call. False if it ended before.
  private func kill(
    _ command: Command, _ trial: Int, _ attempt: Int, _ duration: Double, in place: String
  ) throws -> Bool {
    let share = Torture.share(command.place, trial, attempt)
    if trial.isMultiple(of: 2) {
      let steps = FileStep.allCases
      let step = steps[Int(Torture.share(command.place, trial, attempt, 1) * Double(steps.count))]
      let environment = ["POLYPHONY_KILL_AT": "\(step.rawValue):\(1 + Int(share * 24))"]
      return try Program.run(command.arguments, in: place, environment: environment).code == -SIGKILL
    }
    return try Program.run(command.arguments, in: place) { process in
      Thread.sleep(forTimeInterval: share * duration)
      Foundation.kill(process.processIdentifier, SIGKILL)
    }.code == -SIGKILL
  }

  /// A folder with a data set, a model and recipes.
  private func inputs(_ folder: String) throws -> String {
    try PipelineFixtures.write(PipelineFixtures.fourLives, in: folder.made(), samples: 120)
    try FileManager.default.moveItem(atPath: "\(folder)/recipe.yaml", toPath: "\(folder)/run.yaml")
    try Self.comparison.write(toFile: "\(folder)/compare.yaml", atomically: true, encoding: .utf8)
    let configuration = ModelConfiguration(
      architecture: "late_fusion", modalities: SyntheticSentiment().description.modalities,
      task: SyntheticSentiment().description.task, width: 8, heads: 2, layers: 1)
    try ModelFolder.write(try MultimodalModel(configuration).backbone, to: "\(folder)/model")
    return folder
  }
}

extension String {
  /// The path, after its folder was made.
  func made() throws -> String {
    try FileManager.default.createDirectory(atPath: self, withIntermediateDirectories: true)
    return self
  }
}
