import Polyphony
import Testing
import Torch

@testable import PolyphonySettings
@testable import PolyphonySupport

/// Every registered method works with three targets and with three labels, or refuses them by name.
@Suite struct SeveralOutputMethodTests {
  struct Task: Sendable, CustomTestStringConvertible {
    var task: PredictionTask
    var testDescription: String { task.kind.rawValue }

    static let targets = Task(task: PredictionTask(kind: .regression, targets: ["calm", "loud", "fast"]))
    static let labels = Task(task: PredictionTask(kind: .multilabel, classes: 3, labels: ["calm", "loud", "fast"]))
    static let all = [targets, labels]

    func configuration(_ architecture: String = "late_fusion") -> ModelConfiguration {
      var configuration = Tiny.configuration(architecture, .regression, modalities: 2)
      configuration.task = task
      return configuration
    }

    /// Three targets of different scales, or whether they are above 0.
    func target(_ count: Int) -> Tensor {
      let values =
        Tensor.normal([count, 3], generator: Generator(seed: 8))
        * Tensor([1, 10, 0.1] as [Float]) + Tensor([0, 2, 0] as [Float])
      return task.kind == .regression ? values : (values .> 0).to(.float32)
    }

    func split(_ count: Int = 16) -> LabelledSplit {
      let inputs = Tiny.batch(Tiny.configuration("late_fusion", .regression, modalities: 2), count: count).inputs
      return LabelledSplit(samples: UnlabelledSplit(name: "train", inputs: inputs), target: target(count))
    }
  }

  /// The methods that have no form for several outputs.
  private static let refused = ["pmr", "arl"]

  @Test(arguments: StrategyTests.all, Task.all)
  func balances(name: String, task: Task) throws {
    let model = try Tiny.model(task.configuration("encoder_fusion"))
    guard !Self.refused.contains(name) else {
      let fault = #expect(throws: Fault.self) { try Tiny.strategy(name, model) }
      #expect(fault?.kind == .usage && fault?.found == "\(name) for \(task.task.summary)")
      return
    }
    let split = task.split()
    let strategy = try Tiny.strategy(
      name, model, name == "gradient-blending" ? "{gradient_blending: {interval: 1}}" : "{}")
    let trainer = try Trainer(
      model, training: split, validation: split, settings: Tiny.settings(epochs: 2), seed: 1, hook: strategy)
    let outcome = try trainer.run()
    #expect(outcome.epochs == 2 && outcome.bestScore?.isFinite == true)
    #expect(strategy.metrics().allSatisfy { $0.value.isFinite })
    #expect(Tiny.isFinite(model))
    #expect(try model.evaluate(split).loss.isFinite)
  }

  static let tuning: [TuningCase] =
    TuningCase.all.filter { test in TuningCase.all.first { $0.method == test.method }?.settings == test.settings }
    + [
      "prompts", "zero_fill", "mean_fill", "modality_dropout", "frozen_modality_dropout", "missing_aware_prompts",
      "reconstruction", "retrieval",
    ].map { TuningCase($0) }

  @Test(arguments: tuning, Task.all)
  func tunes(test: TuningCase, task: Task) throws {
    let model = try Tiny.model(task.configuration("mult"))
    let split = task.split()
    _ = try test.install(on: model)
    guard !model.trainableParameters().isEmpty else {
      #expect(try model.evaluate(split).loss.isFinite, "a method without training predicts")
      return
    }
    let trainer = try Trainer(
      model, training: split, validation: split, settings: Tiny.settings(epochs: 1), seed: 1)
    #expect(try trainer.run().bestScore?.isFinite == true)
    #expect(Tiny.isFinite(model))
  }

  @Test(arguments: AdaptationMethods.names, Task.all)
  func adapts(name: String, task: Task) throws {
    for isOnline in [false, true] {
      var adapting = Adapting.named(name, online: isOnline)
      adapting.modalities = 2
      let model = try Tiny.model(task.configuration()).withSourceMoments()
      let samples = task.split(20).samples
      let outcome = try ownRandomNumbers { try adapting.loop(model, samples).run(isStopped: { false }) }
      #expect(outcome.prediction.shape == [20, 3] && outcome.prediction.isFinite)
      #expect(Tiny.isFinite(model))
    }
  }

  /// Contributions and probes are defined for several outputs.
  @Test(arguments: Task.all) func measuresModalities(task: Task) throws {
    let model = try Tiny.model(task.configuration())
    let split = task.split()
    let values = try PerModalityMetrics.measure(model, split, training: split)
    for kind in PerModalityMetrics.Kind.allCases {
      #expect(values[PerModalityMetrics.name("m0", kind)]?.isFinite == true, "\(kind)")
    }
  }

  /// A model folder keeps the names of targets and labels.
  @Test(arguments: Task.all) func modelFoldersKeepTheTask(task: Task) throws {
    try withTemporaryFolder { folder in
      let model = try Tiny.model(task.configuration())
      try ModelFolder.write(model.backbone, to: folder + "/model")
      let again = try ModelFolder.read(folder + "/model")
      #expect(again.configuration.task == task.task)
      let samples = task.split().samples
      expectClose(again.predict(samples).prediction, model.predict(samples).prediction, 0, "the same bits")
    }
  }
}
