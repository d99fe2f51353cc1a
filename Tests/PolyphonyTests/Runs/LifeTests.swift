import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySettings
@testable import PolyphonySupport

/// A life reads data, models and settings once, for any number of methods and seeds.
@Suite struct LifeTests {
  /// Counts how often each name was made.
  private final class Counter: Sendable {
    private let counts = Locked<[String: Int]>([:])
    func add(_ name: String) { counts.update { $0[name, default: 0] += 1 } }
    subscript(name: String) -> Int { counts.value[name] ?? 0 }
  }

  /// Registers an architecture and a method of each kind under names of this test. They count how often they are made.
  private static func register(_ prefix: String) -> Counter {
    let counter = Counter()
    Architectures.register("\(prefix)-backbone") { (configuration) in
      counter.add("backbone")
      return LateFusion(configuration)
    }
    for name in ["one", "two"] {
      BalancingMethods.register("\(prefix)-\(name)") { (_, _) in
        counter.add("strategy")
        return JointTraining()
      }
      TuningMethods.register("\(prefix)-\(name)") { (reader, configuration) throws(Fault) in
        counter.add("tuning")
        return try TuningMethods.maker("head")(reader, configuration)
      }
      AdaptationMethods.register("\(prefix)-adapting-\(name)") { (reader, configuration) throws(Fault) in
        counter.add("adaptation")
        return try AdaptationMethods.maker("tent")(reader, configuration)
      }
    }
    return counter
  }

  private static func data(_ folder: String) throws -> String {
    var generator = SyntheticSentiment()
    generator.samples = 60
    try DatasetWriter.write(generator.description, try generator.make(), to: folder + "/data")
    return folder + "/data"
  }

  private static func recipe(_ architecture: String) throws -> SettingsTree {
    try SettingsTree(
      yaml: """
        model: {architecture: \(architecture), width: 8, heads: 2, layers: 1}
        training: {epochs: 1, batch_size: 32}
        """, file: "recipe")
  }

  /// Trains a base model of a counting architecture in a folder.
  /// - Returns: the counter, the data set's folder, and the number of models so far.
  private static func base(
    _ prefix: String, in folder: String
  ) throws -> (counter: Counter, data: String, models: Int) {
    let counter = register(prefix)
    let data = try data(folder)
    let training = TrainLife(recipe: try recipe("\(prefix)-backbone"), data: data)
    _ = try MethodGrid(training, output: folder + "/base").run()
    return (counter, data, counter["backbone"])
  }

  /// Two strategies and three seeds train six models. One more model serves the reading of all settings.
  @Test func trainingReadsItsRecipeOnce() throws {
    try withTemporaryFolder { folder in
      let counter = Self.register("train-counts")
      let life = TrainLife(
        recipe: try Self.recipe("train-counts-backbone"), data: try Self.data(folder),
        methods: ["train-counts-one", "train-counts-two"])
      let prepared = try life.prepare(seeds: [0, 1, 2])
      #expect(counter["backbone"] == 1 && counter["strategy"] == 2)
      #expect(prepared.configuration.normalization?.count == prepared.configuration.modalities.count)
      let outcome = try MethodGrid(life, output: folder + "/out", seeds: [0, 1, 2]).run(prepared)
      #expect(outcome.results.map(\.seeds) == [[0, 1, 2], [0, 1, 2]])
      #expect(counter["backbone"] == 1 + 6 && counter["strategy"] == 2 + 6)
    }
  }

  /// Two methods and three seeds share one base, which is read once. Each run has its own method.
  @Test func tuningReadsItsBaseOnce() throws {
    try withTemporaryFolder { folder in
      let (counter, data, before) = try Self.base("tune-counts", in: folder)
      let life = TuneLife(
        model: folder + "/base", recipe: try SettingsTree(yaml: "training: {epochs: 1}", file: "recipe"),
        data: .folder(data), methods: ["tune-counts-one", "tune-counts-two"])
      let outcome = try MethodGrid(life, output: folder + "/tuned", seeds: [0, 1, 2]).run()
      #expect(outcome.results.count == 2)
      #expect(counter["backbone"] == before + 1 && counter["tuning"] == 6)
    }
  }

  /// Two methods, three seeds and the row of the source itself share one source.
  @Test func adaptationReadsItsSourceOnce() throws {
    try withTemporaryFolder { folder in
      let (counter, data, before) = try Self.base("adapt-counts", in: folder)
      var life = try AdaptLife(
        model: folder + "/base", data: data, methods: ["adapt-counts-adapting-one", "adapt-counts-adapting-two"])
      life.includesSource = true
      life.isStopped = { false }
      let outcome = try MethodGrid(life, output: folder + "/adapted", seeds: [0, 1, 2]).run()
      #expect(outcome.results.map(\.name) == ["adapt-counts-adapting-one", "adapt-counts-adapting-two", "source"])
      #expect(counter["backbone"] == before + 1 && counter["adaptation"] == 6)
      // The model was read once. After six adaptations it still gives the source's own scores.
      let source = try #require(outcome.results.last)
      let fresh = try ModelWithAdapter(folder + "/base/model").model.evaluate(try Dataset(data).labelled("test"))
      #expect(source.values.allSatisfy { $0["mae"] == fresh.metrics["mae"] })
    }
  }

  /// A shift sweep adapts to each shift with every method and seed, and reads its source once.
  @Test func aShiftSweepReadsItsSourceOnce() throws {
    try withTemporaryFolder { folder in
      let (counter, data, before) = try Self.base("sweep-counts", in: folder)
      let sweep = ShiftSweep(
        base: folder + "/base/model", methods: ["sweep-counts-adapting-one", "sweep-counts-adapting-two"],
        shifts: try ShiftSweep.shifts([.noise], severities: [1, 3]), seeds: [0, 1])
      let rows = try sweep.run(try Dataset(data))
      #expect(rows.count == 4 && rows.allSatisfy { $0.seeds == [0, 1] })
      #expect(counter["backbone"] == before + 1 && counter["adaptation"] == 8)
    }
  }

  /// Each method's settings are its own. A key of one method is no error for another.
  @Test func settingsOfSeveralMethodsAreReadTogether() throws {
    try withTemporaryFolder { folder in
      let data = try Self.data(folder)
      _ = try MethodGrid(TrainLife(recipe: try Self.recipe("late_fusion"), data: data), output: folder + "/base").run()
      func life(_ recipe: String) throws -> TuneLife {
        TuneLife(
          model: folder + "/base", recipe: try SettingsTree(yaml: recipe, file: "recipe"), data: .folder(data),
          methods: ["lora", "adapter"])
      }
      let prepared = try life("{tuning: {rank: 2, bottleneck: 3}, training: {epochs: 1}}").prepare()
      let lora = try prepared.run("lora").description.settings
      #expect(lora["rank"] != nil && lora["bottleneck"] == nil)
      let fault = expectFault(.usage) { _ = try life("tuning: {rank: 2, botleneck: 3}").prepare() }
      #expect(fault?.key == "tuning.botleneck" && fault?.remedy?.contains("bottleneck") == true)
    }
  }

  /// `Trainer` and the benchmarks share one training step, and no other code calls an optimiser.
  @Test func theTrainingStepStandsOnce() {
    let updates = RoomArrowTests.sources.flatMap { source in
      source.lines.enumerated().filter { $1.contains("optimizer.step()") }.map { "\(source.path):\($0.offset + 1)" }
    }
    // There are two exceptions. Adaptation learns without targets, and CGGM's classifiers have their own optimiser.
    let others = ["Adaptation/AdaptationSession.swift", "Balancing/ClassifierGuidedModulation.swift"]
    let steps = updates.filter { place in !others.contains { place.hasPrefix($0) } }
    #expect(steps.count == 1 && steps.first?.hasPrefix("Training/TrainingStepper.swift") == true, "\(updates)")
  }
}
