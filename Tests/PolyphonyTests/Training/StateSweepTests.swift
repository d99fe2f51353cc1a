import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySettings
@testable import PolyphonySupport

/// Every value of a real `state.json` is changed in turn. A resumed run ends in a fault, or with the same bits.
@Suite struct StateSweepTests {
  /// A run that a checkpoint stops in the middle.
  struct Life: CustomTestStringConvertible, Sendable {
    let name: String
    /// Runs in a folder, to the step `stop` if there is one, and returns the bits at the end.
    let run: @Sendable (_ folder: String, _ resume: Bool, _ stop: Int?) throws -> [UInt8]

    var testDescription: String { name }
  }

  /// Values that no check can know, such as the best score so far. Only the list of hashes protects them.
  private static let free: Set = [
    "best", "lossSum", "schedule.best", "schedule.worse", "generator", "dropout.seed", "dropout.offset", "sums.loss",
    "sums.contrast",
    "sums.losses", "sums.contrasts", "sums.learned", "contrastReference", "recentContrast",
  ]

  static let lives: [Life] = [
    training("train, plateau", .plateau, stop: 5), training("train, cosine", .cosine, stop: 4),
    training("train, step", .step, stop: 6), tuning, adaptation(online: false), adaptation(online: true),
  ]

  private static func training(_ name: String, _ schedule: TrainingSettings.ScheduleName, stop: Int) -> Life {
    Life(name: name) { folder, resume, cut in
      let configuration = Tiny.configuration("late_fusion", .regression)
      let model = try Tiny.model(configuration)
      var settings = Tiny.settings(epochs: 3)
      (settings.schedule, settings.schedulePatience, settings.warmup) = (schedule, 1, 1)
      let split = split(configuration)
      return try run(
        Trainer(model, training: split, validation: split, settings: settings, seed: 4, folder: folder), model, resume,
        cut.map { _ in stop })
    }
  }

  private static var tuning: Life {
    Life(name: "tune") { folder, resume, cut in
      let model = try MissingFixtures.model("late_fusion")
      try MissingFixtures.install("lora", on: model)
      for (key, stored) in model.trainableParameters() {
        let values = Tensor.normal(stored.tensor!.shape, generator: Generator(seed: UInt64(key.count))) * 0.1
        noGrad { stored.tensor!.copyInPlace(from: values) }
      }
      let split = MissingFixtures.split(24)
      let corruption = try MissingCorruption(
        .sample(0.5), training: split.samples, validation: split.samples, model.configuration.modalities, seed: 5)
      return try run(
        Trainer(
          model, training: split, validation: split, settings: Tiny.settings(epochs: 3), seed: 4,
          corruption: corruption, folder: folder, origin: "base"), model, resume, cut.map { _ in 5 })
    }
  }

  private static func adaptation(online: Bool) -> Life {
    Life(name: online ? "adapt, online" : "adapt, offline") { folder, resume, cut in
      let adapting = Adapting.named("casp", online: online)
      let model = try adapting.model()
      var steps = 0
      _ = try adapting.loop(model, folder: folder).run(resume: resume) {
        steps += 1
        return cut != nil && steps >= (online ? 2 : 6)
      }
      return bits(model)
    }
  }

  private static func split(_ configuration: ModelConfiguration) -> LabelledSplit {
    let batch = Tiny.batch(configuration, count: 24)
    return LabelledSplit(samples: UnlabelledSplit(name: "train", inputs: batch.inputs), target: batch.target)
  }

  private static func run(_ trainer: Trainer, _ model: MultimodalModel, _ resume: Bool, _ stop: Int?) throws -> [UInt8]
  {
    var steps = 0
    _ = try trainer.run(resume: resume) {
      steps += 1
      return stop.map { steps >= $0 } ?? false
    }
    return bits(model)
  }

  private static func bits(_ model: MultimodalModel) -> [UInt8] {
    model.backbone.state().flatMap { $0.tensor.withBytes { Array($0) } }
  }

  @Test(arguments: lives) func aChangedStateIsRefusedOrHarmless(life: Life) throws {
    try withTemporaryFolder { folder in
      func place(_ name: String) throws -> String {
        try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        return "\(folder)/\(name)"
      }
      let expected = try ownRandomNumbers { try life.run(try place("whole"), false, nil) }
      let stopped = try place("stopped")
      _ = try ownRandomNumbers { try life.run(stopped, false, 1) }
      let state = "\(stopped)/checkpoint/state.json"
      let original = try String(contentsOfFile: state, encoding: .utf8)
      let mutations = try MutatedJSON(parsing: original).mutations
      #expect(mutations.count > 100)
      #expect(try resumed(life, try place("same"), stopped, nil, expected) == .same, "the checkpoint itself resumes")
      var (faults, same) = (0, 0)
      for mutation in mutations {
        // The list of hashes is made anew, as by someone who means to do harm.
        switch try resumed(life, try place("changed"), stopped, mutation, expected) {
        case .fault: faults += 1
        case .same: same += 1
        case .other:
          let isFree = (1...mutation.path.count).contains {
            Self.free.contains(mutation.path.prefix($0).joined(separator: "."))
          }
          #expect(isFree, "\(mutation) resumes to other bits")
        }
      }
      #expect(faults > mutations.count / 2 && same > 0)
      let keys = Set(mutations.map { $0.path.joined(separator: ".") }).count
      let other = mutations.count - faults - same
      print(
        "\(life.name): \(keys) keys, \(mutations.count) mutations: \(faults) refused, \(same) to the same bits, "
          + "\(other) protected by hashes alone, 0 traps")
    }

    func resumed(
      _ life: Life, _ place: String, _ stopped: String, _ mutation: MutatedJSON.Mutation?, _ expected: [UInt8]
    ) throws -> End {
      let checkpoint = "\(place)/checkpoint"
      try? FileManager.default.removeItem(atPath: checkpoint)
      try FileManager.default.copyItem(atPath: "\(stopped)/checkpoint", toPath: checkpoint)
      if let mutation {
        try mutation.text.write(toFile: "\(checkpoint)/state.json", atomically: true, encoding: .utf8)
        let files = try names(in: checkpoint).filter { $0 != HashList.name }
        try HashList.write(of: files, in: checkpoint)
      }
      do {
        let end = try ownRandomNumbers { try life.run(place, true, nil) }
        return end == expected ? .same : .other
      } catch let fault as Fault {
        #expect(fault.file != nil || fault.key != nil, "\(fault)")
        return .fault
      }
    }
  }

  private enum End { case fault, same, other }
}
