import Foundation
import Polyphony
import PolyphonyExamples
import Testing
import Torch

@testable import PolyphonySettings
@testable import PolyphonySupport

/// Every registered method on a backbone from outside the library: train, tune, adapt, stop and resume.
@Suite struct OwnBackboneTests {
  init() { GatedFusion.register() }

  /// A tuning method, and the adaptation method that then adapts what it has tuned.
  struct Pair: CustomTestStringConvertible, Sendable {
    let tuning: String
    let adaptation: String
    var settings = ""

    var testDescription: String { "\(tuning)\(settings.isEmpty ? "" : " {\(settings)}"), \(adaptation)" }

    var recipe: SettingsTree {
      get throws { try SettingsTree(yaml: "tuning: {\(settings)}", file: "settings") }
    }
  }

  /// Methods whose purpose is samples that lack modalities: they are tuned on such samples.
  static let missing: Set = [
    "prompts", "zero_fill", "mean_fill", "modality_dropout", "frozen_modality_dropout", "missing_aware_prompts",
    "reconstruction", "retrieval",
  ]

  /// Methods for maps of images, which this backbone lacks.
  private static let ofImages: Set = ["shared_specific"]

  private static let small = [
    "lora": "rank: 2", "prompt": "length: 2", "prefix": "length: 2", "compacter": "blocks: 2, bottleneck: 4",
    "adapter": "bottleneck: 3", "lmf": "bottleneck: 4", "concat": "bottleneck: 4",
    "cross_attention": "bottleneck: 4", "moka": "rank: 2", "wander": TuningCase.small,
    "prompts": "length: 3", "missing_aware_prompts": "length: 3", "reconstruction": "hidden: 8",
    "retrieval": "places: 16, length: 2",
  ]

  /// Every tuning method once, every adaptation method at least once, and Wander in its other placement.
  static let pairs: [Pair] = {
    let (tunings, adaptations) = (TuningMethods.names.filter { !ofImages.contains($0) }, AdaptationMethods.names)
    let pairs = (0..<max(tunings.count, adaptations.count)).map { index in
      let tuning = tunings[index % tunings.count]
      return Pair(
        tuning: tuning, adaptation: adaptations[index % adaptations.count], settings: small[tuning] ?? "")
    }
    return pairs + [Pair(tuning: "wander", adaptation: "casp", settings: TuningCase.small + ", placement: every")]
  }()

  static var configuration: ModelConfiguration {
    var configuration = MissingFixtures.configuration("gated_fusion", layers: 2)
    configuration.dropout = DropoutRates(attention: 0.1, relu: 0.1, residual: 0.1, embedding: 0.1)
    return configuration
  }

  static var training: TrainingSettings {
    var settings = TrainingSettings()
    (settings.epochs, settings.batchSize, settings.learningRate) = (2, 8, 0.003)
    return settings
  }

  /// Keeps a run's folder as a kill in the second epoch would leave it.
  private final class Kill: TrainingObserver {
    let folder: String
    private(set) var hasHappened = false

    init(_ folder: String) { self.folder = folder }

    var remains: String { folder + "-killed" }

    func didEndEpoch(_ record: EpochRecord) throws(Fault) {
      guard record.epoch == 2 else { return }
      do {
        try FileManager.default.copyItem(atPath: folder, toPath: remains)
      } catch {
        throw Fault(.failure, "\(error)")
      }
      hasHappened = true
    }
  }

  /// Noise that comes from the generator that all tests share is left out.
  private static let balancing = ["ogm-ge": "ogm_ge: {noise: false}"]

  /// All strategies for the regression of this test. ARL is for classes alone.
  private static let strategies = BalancingMethods.names.filter { $0 != "arl" } + ["unimodal:audio"]

  @Test(arguments: strategies) func everyStrategyTrainsAndResumes(name: String) throws {
    try withTemporaryFolder { folder in
      let data = MissingFixtures.split(24)
      let kill = Kill(folder + "/run")
      try FileManager.default.createDirectory(atPath: kill.folder, withIntermediateDirectories: true)
      func run(_ folder: String, resume: Bool, _ observers: [any TrainingObserver]) throws -> MultimodalModel {
        try ownRandomNumbers {
          let model = try Tiny.model(Self.configuration)
          let strategy = try Tiny.strategy(name, model, "{\(Self.balancing[name] ?? "")}")
          _ = try Trainer(
            model, training: data, validation: data, settings: Self.training, seed: 4, hook: strategy, folder: folder,
            observers: observers
          ).run(resume: resume)
          return model
        }
      }
      let start = bytes(try Tiny.model(Self.configuration))
      let whole = try run(kill.folder, resume: false, [kill])
      let resumed = try run(kill.remains, resume: true, [])
      #expect(bytes(whole) != start && Tiny.isFinite(whole))
      #expect(bytes(resumed) == bytes(whole))
    }
  }

  /// A trained base in a folder.
  private func writeBase(_ folder: String) throws -> String {
    let model = try MissingFixtures.model("gated_fusion", layers: 2)
    model.backbone.configuration = Self.configuration
    let data = MissingFixtures.split(24)
    let trained = try MultimodalModel(Self.configuration)
    try trained.backbone.load(Dictionary(uniqueKeysWithValues: model.backbone.state().map { ($0.key, $0.tensor) }))
    _ = try ownRandomNumbers {
      try Trainer(trained, training: data, validation: data, settings: Self.training, seed: 1).run()
    }
    try ModelFolder.write(trained.backbone, to: folder + "/base")
    try SourceMoments.measured(trained, training: data, validation: data).write(to: folder + "/base")
    return folder + "/base"
  }

  @Test(arguments: pairs) func everyMethodTunesAdaptsAndResumes(pair: Pair) throws {
    try withTemporaryFolder { folder in
      let base = try writeBase(folder)
      let bytesBefore = try contents(of: base)
      let isMissing = Self.missing.contains(pair.tuning)
      let inputs = MissingFixtures.split(7, patterns: isMissing, seed: 9).samples.inputs
      let tuned = try tune(pair, base, folder, inputs)
      try adapt(pair, base, tuned, folder, inputs)
      #expect(try contents(of: base) == bytesBefore, "the base on disk is as it was")
    }
  }

  /// Tunes, reads the adapter back, and tunes again after a kill.
  /// - Returns: the adapter's folder.
  private func tune(_ pair: Pair, _ base: String, _ folder: String, _ inputs: Inputs) throws -> String {
    let data = MissingFixtures.split(24, seed: 2)
    var life = TuneLife(
      model: base, recipe: try pair.recipe, data: .splits(Splits(training: data, validation: data, test: data)),
      methods: [pair.tuning])
    life.training = Self.training
    if Self.missing.contains(pair.tuning) { life.condition.missing = .sample(0.7) }
    let prepared = try life.prepare(seeds: [3])
    let kill = Kill(folder + "/tuned")
    func run(_ path: String, resume: Bool, _ observers: [any TrainingObserver]) throws -> (TuneLife.Product, RunFolder)
    {
      let output = try RunFolder(path, existing: resume ? .resume : .refuse)
      let product = try ownRandomNumbers {
        try prepared.run(pair.tuning, seed: 3, folder: output, resume: resume, observers: observers)
      }
      return (product, output)
    }
    let (product, output) = try run(kill.folder, resume: false, [kill])
    let model = product.installation.model
    model.train(false)
    let expected = noGrad { model(inputs).prediction.floats }
    #expect(expected.allSatisfy { $0.isFinite })
    #expect(model.parameterCount.trainable > 0 || ["zero_fill", "mean_fill"].contains(pair.tuning))
    let again = try ModelWithAdapter(base, adapter: output.adapter).model
    again.train(false)
    #expect(noGrad { again(inputs).prediction.floats } == expected, "the adapter comes back")
    #expect(kill.hasHappened == (model.parameterCount.trainable > 0), "a fill alone has no epochs")
    if kill.hasHappened {
      let (_, resumed) = try run(kill.remains, resume: true, [])
      #expect(try contents(of: resumed.adapter) == (try contents(of: output.adapter)), "resumed after a kill")
    }
    return output.adapter
  }

  /// Adapts what was tuned, reads it back, and adapts again after a stop.
  private func adapt(_ pair: Pair, _ base: String, _ adapter: String, _ folder: String, _ inputs: Inputs) throws {
    let target = MissingFixtures.split(24, patterns: Self.missing.contains(pair.tuning), seed: 5).samples
    let own = Adapting.named(pair.adaptation).settings
    // The predictions of so small a model move by several times their spread.
    let settings = "batch_size: 8, guard: {max_movement: 1000}" + (own.isEmpty ? "" : ", \(own)")
    var life = AdaptLife(
      model: base, adapter: adapter,
      recipe: try SettingsTree(yaml: "adaptation: {\(settings)}", file: "settings"), samples: target,
      methods: [pair.adaptation])
    func run(_ name: String, resume: Bool = false, isStopped: @escaping () -> Bool = { false }) throws -> (
      AdaptLife.Product, RunFolder
    ) {
      life.isStopped = isStopped
      let output = try RunFolder("\(folder)/\(name)", existing: resume ? .resume : .refuse)
      let product = try ownRandomNumbers {
        try life.prepare(seeds: [6]).run(pair.adaptation, seed: 6, folder: output, resume: resume)
      }
      return (product, output)
    }
    let (whole, output) = try run("adapted")
    #expect(whole.outcome.prediction.isFinite)
    #expect(whole.outcome.notes.contains { $0.contains("no effect") } == (pair.adaptation == "norm"), "LayerNorms only")
    let model = whole.installation.model
    model.train(false)
    let again = try ModelWithAdapter(base, adapter: output.adapter).model
    again.train(false)
    #expect(noGrad { again(inputs).prediction.floats == model(inputs).prediction.floats }, "the stack comes back")
    var steps = 0
    let (cut, _) = try run("stopped") {
      steps += 1
      return steps >= 2
    }
    #expect(cut.wasStopped || steps <= 2, "stopped after two steps, or done by then")
    let (resumed, rest) = try run("stopped", resume: true)
    #expect(resumed.outcome.prediction.floats == whole.outcome.prediction.floats, "resumed after a stop")
    #expect(try contents(of: rest.adapter) == (try contents(of: output.adapter)), "the same adapter")
  }
}
