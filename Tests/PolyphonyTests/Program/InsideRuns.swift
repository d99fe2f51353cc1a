import Foundation
import Polyphony
import Testing

@testable import PolyphonySupport

/// What holds for every model with encoders inside, whatever these read. The data are in the folder `data`.
enum InsideRuns {
  /// A training without its output.
  static let train = ["train", "--data", "data", "--architecture", "late_fusion"] + ResumeTests.settings

  /// An expectation about commands in a folder: the exit code, and words of the errors.
  static func refusals(
    in folder: String
  ) -> (_ code: Int32, _ mention: String, _ arguments: [String]) throws -> Void {
    { code, mention, arguments in
      let outcome = try Program.run(arguments, in: folder)
      #expect(outcome.code == code && outcome.errors.contains(mention), "\(arguments): \(outcome.errors)")
    }
  }

  /// Frozen encoders inside score like the same features before the model.
  /// - Parameters:
  ///   - convert: the conversion with `--inside`.
  ///   - names: the modalities with an encoder.
  static func expectScoresOfFeatures(_ convert: [String], _ names: [String], in folder: String) throws {
    let features = convert.map { $0 == "--inside" ? "--encoder" : $0 == "data" ? "features" : $0 }
    try Program.succeed(
      ["data"] + features.dropFirst() + ["--cache", "none"] + names.flatMap { ["--pooling", "\($0)=none"] }, in: folder)
    let numbers = try [("data", "inside"), ("features", "before")].map { data, output in
      let arguments = train.map { $0 == "data" ? data : $0 } + ["--json", "--output", output]
      let document = try OrderedJSON(parsing: try Program.succeed(arguments, in: folder).output, file: "results")
      return document.leaves.filter { $0.path.contains("metrics") }.compactMap { $0.value.finite }
    }
    #expect(numbers[0].count > 3 && numbers[0].count == numbers[1].count)
    #expect(zip(numbers[0], numbers[1]).allSatisfy { abs($0 - $1) < 1e-3 }, "\(numbers)")
  }

  /// A training that is killed while it writes goes on to the same bits.
  static func expectSameBitsAfterAKill(_ settings: [String], in folder: String) throws {
    let arguments = train + settings.flatMap { ["--set", $0] }
    try Program.succeed(arguments + ["--output", "whole"], in: folder)
    let killed = try Program.run(
      arguments + ["--output", "killed"], in: folder, environment: ["POLYPHONY_KILL_AT": "write:5"])
    #expect(killed.code == -SIGKILL, "\(killed.errors)")
    try Program.succeed(arguments + ["--output", "killed", "--resume"], in: folder)
    let (found, expected) = (try ResumeTests.outcome("\(folder)/killed"), try ResumeTests.outcome("\(folder)/whole"))
    #expect(found["model/model.safetensors"] == expected["model/model.safetensors"])
    #expect(found["model/config.json"] == expected["model/config.json"])
  }

  /// Descriptions that no conversion makes are refused, each with its words.
  static func expectDescriptionsAreRefused(
    _ changes: [(old: String, new: String, mention: String)], in folder: String
  ) throws {
    let file = "\(folder)/data/dataset.json"
    let description = try #require(text(of: file))
    let expect = refusals(in: folder)
    for (old, new, mention) in changes {
      let changed = description.replacingOccurrences(of: old, with: new)
      #expect(changed != description, "\(old) is not in dataset.json")
      try changed.write(toFile: file, atomically: true, encoding: .utf8)
      try expect(65, mention, train + ["--output", "run"])
    }
  }
}
