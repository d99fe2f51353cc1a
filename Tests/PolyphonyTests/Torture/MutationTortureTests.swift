import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// Damaged files go through the real program. Every run ends with a code and at most one message, and soon.
@Suite struct MutationTortureTests {
  /// A file to damage, and a command that reads it.
  struct Target: Sendable {
    let file: String
    let arguments: [String]
    /// True to make the list of hashes anew, so that the damage reaches the reader behind it.
    var isListed = false
  }

  private static let evaluate = ["evaluate", "--model", "model", "--data", "data", "--split", "test"]
  private static let resume = [
    "train", "--data", "data", "--output", "run", "--resume", "--set", "training.epochs=2", "--set",
    "model={width: 8, heads: 2, layers: 1}",
  ]
  private static let adapted = evaluate + ["--adapter", "tuned/adapter"]

  static let targets: [Target] = [
    Target(file: "data/dataset.json", arguments: ["data", "validate", "data"]),
    Target(file: "data/test.safetensors", arguments: evaluate),
    Target(file: "model/config.json", arguments: evaluate),
    Target(file: "model/model.safetensors", arguments: evaluate),
    Target(file: "tuned/adapter/adapter_config.json", arguments: adapted),
    Target(file: "tuned/adapter/adapter_model.safetensors", arguments: adapted),
    Target(file: "run/checkpoint/state.json", arguments: resume, isListed: true),
    Target(file: "run/checkpoint/SHA256SUMS", arguments: resume),
    Target(file: "run/checkpoint/optimizer.safetensors", arguments: resume, isListed: true),
    Target(file: "run/results.json", arguments: ["report", "run", "--output", "page.html"]),
    Target(
      file: "table.csv",
      arguments: ["data", "convert", "--input", "table.csv", "--target", "label", "--output", "made"]),
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
        let outcome = try run(target.arguments, in: place)
        codes[outcome.code, default: 0] += 1
        let name = "case \(number) of seed \(Torture.seed), \(target.file)"
        #expect([0, 64, 65, 66, 70, 73].contains(outcome.code), "\(name): \(outcome.code), \(outcome.errors)")
        let messages = outcome.errors.lowercased().split(separator: "\n").count { $0.hasPrefix("error:") }
        #expect(messages == (outcome.code == 0 ? 0 : 1), "\(name): \(outcome.errors)")
        try FileManager.default.removeItem(atPath: place)
      }
      let counts = codes.sorted { $0.key < $1.key }.map { "\($0.value) with code \($0.key)" }
      print("damaged files, part \(part + 1) of \(Self.parts): \(counts.joined(separator: ", "))")
    }
  }

  /// A run is killed after a minute, which counts as a failure.
  private func run(_ arguments: [String], in place: String) throws -> Program.Outcome {
    try Program.run(arguments, in: place) { process in
      let end = Date().addingTimeInterval(60)
      while process.isRunning, Date() < end { Thread.sleep(forTimeInterval: 0.01) }
      if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }
  }

  private func inputs(_ folder: String) throws -> String {
    let place = try "\(folder)/inputs".made()
    let data = try BrokenData(place)
    // Without hashes in `dataset.json`, the damage of a split reaches its reader.
    for split in ["train", "valid", "test"] { try data.edit(split) { _ in } }
    try Program.succeed(Self.resume, in: place)
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
