import Foundation
import Polyphony
import PolyphonyConversion
import PolyphonyReports
import Testing
import Torch

@testable import PolyphonySupport

/// Damaged files go to their readers. Every run ends with success or one message, and soon.
///
/// `make torture` sends all cases through the real program. The suite sends every tenth through it, and calls the
/// library for the others, because a start of the program takes longer than a case. A case that ends the process there
/// has its message and its number with `make torture CASES=300`.
@Suite struct MutationTortureTests {
  /// A file to damage, and the command that reads it.
  struct Target: Sendable {
    let file: String
    let command: Command
    /// True to make the list of hashes anew, so that the damage reaches the reader behind it.
    var isListed = false
  }

  /// A command of the program, and the same in the library.
  enum Command: Sendable {
    case validate, evaluate, evaluateAdapter, resume, report, convert

    var arguments: [String] {
      let evaluate = ["evaluate", "--model", "model", "--data", "data", "--split", "test"]
      return switch self {
      case .validate: ["data", "validate", "data"]
      case .evaluate: evaluate
      case .evaluateAdapter: evaluate + ["--adapter", "tuned/adapter"]
      case .resume: ["train", "--data", "data", "--output", "run", "--resume", "--recipe", "recipe.yaml"]
      case .report: ["report", "run", "--output", "page.html"]
      case .convert: ["data", "convert", "--input", "table.csv", "--target", "label", "--output", "made"]
      }
    }

    /// Calls the library, in a folder with the files.
    func call(in place: String) throws {
      switch self {
      case .validate: try DatasetInspection(try Dataset("\(place)/data")).checkTraining(folder: "\(place)/data")
      case .evaluate, .evaluateAdapter:
        let adapters = self == .evaluate ? [] : ["\(place)/tuned/adapter"]
        let candidates = EvaluationRun.Candidate.named(model: "\(place)/model", adapters: adapters)
        _ = try EvaluationRun(candidates, data: "\(place)/data").run()
      case .resume:
        let recipe = try SettingsTree(contentsOf: "\(place)/recipe.yaml")
        let life = TrainLife(recipe: recipe, data: "\(place)/data")
        _ = try MethodGrid(life, output: "\(place)/run", existing: .resume).run()
      case .report: try Report(folder: "\(place)/run").write(to: "\(place)/page.html")
      case .convert:
        var options = ConversionOptions(inputs: ["\(place)/table.csv"], output: "\(place)/made")
        options.target = "label"
        _ = try DatasetConversion.run(options)
      }
    }
  }

  static let targets: [Target] = [
    Target(file: "data/dataset.json", command: .validate),
    Target(file: "data/test.safetensors", command: .evaluate),
    Target(file: "model/config.json", command: .evaluate),
    Target(file: "model/model.safetensors", command: .evaluate),
    Target(file: "tuned/adapter/adapter_config.json", command: .evaluateAdapter),
    Target(file: "tuned/adapter/adapter_model.safetensors", command: .evaluateAdapter),
    Target(file: "run/checkpoint/state.json", command: .resume, isListed: true),
    Target(file: "run/checkpoint/SHA256SUMS", command: .resume),
    Target(file: "run/checkpoint/optimizer.safetensors", command: .resume, isListed: true),
    Target(file: "run/results.json", command: .report), Target(file: "table.csv", command: .convert),
  ]

  /// Parallel tests share the cases.
  private static let parts = 6

  @Test(arguments: 0..<parts) func damagedFilesEndInAMessage(part: Int) throws {
    try withTemporaryFolder { folder in
      let inputs = try inputs(folder)
      var codes: [Int32: Int] = [:]
      for number in stride(from: part, to: Torture.cases, by: Self.parts) {
        let target = Self.targets[number % Self.targets.count]
        let place = "\(folder)/case"
        try FileManager.default.copyItem(atPath: inputs, toPath: place)
        var random = SeededNumbers(DerivedSeed.of(Torture.seed, UInt64(number)))
        let file = URL(fileURLWithPath: "\(place)/\(target.file)")
        var bytes = [UInt8](try Data(contentsOf: file))
        ByteMutation.mutate(&bytes, using: &random)
        try Data(bytes).write(to: file)
        if target.isListed {
          let checkpoint = "\(place)/run/checkpoint"
          try HashList.write(of: try names(in: checkpoint).filter { $0 != HashList.name }, in: checkpoint)
        }
        let name = "case \(number) of seed \(Torture.seed), \(target.file)"
        let code =
          Torture.isLong || number.isMultiple(of: 10)
          ? try program(target.command, in: place, name) : try library(target.command, in: place, name)
        codes[code, default: 0] += 1
        try FileManager.default.removeItem(atPath: place)
      }
      let counts = codes.sorted { $0.key < $1.key }.map { "\($0.value) with code \($0.key)" }
      print("damaged files, part \(part + 1) of \(Self.parts): \(counts.joined(separator: ", "))")
    }
  }

  /// Runs the program, and returns its code.
  private func program(_ command: Command, in place: String, _ name: String) throws -> Int32 {
    let outcome = try run(command.arguments, in: place)
    #expect(Self.codes.contains(outcome.code), "\(name): \(outcome.code), \(outcome.errors)")
    let messages = outcome.errors.lowercased().split(separator: "\n").count { $0.hasPrefix("error:") }
    #expect(messages == (outcome.code == 0 ? 0 : 1), "\(name): \(outcome.errors)")
    return outcome.code
  }

  /// Calls the library, and returns the code that the program would have.
  private func library(_ command: Command, in place: String, _ name: String) throws -> Int32 {
    let start = Date()
    defer { #expect(Date().timeIntervalSince(start) < 60, "\(name)") }
    do {
      try command.call(in: place)
      return 0
    } catch let fault as Fault {
      return fault.kind.exitCode
    } catch {
      Issue.record("\(name): \(error) is no fault")
      return -1
    }
  }

  private static let codes: Set<Int32> = [0, 64, 65, 66, 70, 73]

  /// A run is killed after a minute, which counts as a failure.
  private func run(_ arguments: [String], in place: String) throws -> Program.Outcome {
    try Program.run(arguments, in: place) { process in
      let end = Date().addingTimeInterval(60)
      while process.isRunning, Date() < end { Thread.sleep(forTimeInterval: 0.01) }
      if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }
  }

  private func inputs(_ folder: String) throws -> String {
    let place = "\(folder)/inputs"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    let data = try BrokenData(place)
    // Without hashes in `dataset.json`, the damage of a split reaches its reader.
    for split in ["train", "valid", "test"] { try data.edit(split) { _ in } }
    try "training: {epochs: 2}\nmodel: {width: 8, heads: 2, layers: 1}\n".write(
      toFile: "\(place)/recipe.yaml", atomically: true, encoding: .utf8)
    try Program.succeed(Command.resume.arguments, in: place)
    try Program.succeed(
      [
        "tune", "--model", "model", "--data", "data", "--method", "lora", "--output", "tuned", "--set",
        "training.epochs=1",
      ], in: place)
    try "a,b,label\n1,2,x\n2,3,y\n3,4,x\n4,5,y\n5,6,x\n6,7,y\n7,8,x\n8,9,y\n9,1,x\n1,3,y\n".write(
      toFile: "\(place)/table.csv", atomically: true, encoding: .utf8)
    return place
  }
}
