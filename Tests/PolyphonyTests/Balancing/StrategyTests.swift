import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonySupport

/// Every strategy trains for a few steps.
@Suite struct StrategyTests {
  static let all = [
    "joint", "unimodal", "unimodal:m1", "mrd", "mslr", "ogm-ge", "agm", "pmr", "gradient-blending", "mmpareto", "arl",
    "g2d", "cggm", "cggm-magnitude", "cggm-direction", "cggm-teaching", "balanced", "cggm-watch",
  ]

  @Test(arguments: all, [PredictionTask.Kind.classification, .regression])
  func trains(name: String, kind: PredictionTask.Kind) throws {
    guard name != "arl" || kind == .classification else { return }
    var configuration = Tiny.configuration("late_fusion", kind)
    configuration.dropout = .init(attention: 0.1, relu: 0.1, residual: 0.1, embedding: 0.1, output: 0.1)
    let split = try Tiny.split(configuration)
    let model = try Tiny.model(configuration)
    let before = try model.evaluate(split).loss
    var settings = Tiny.settings(epochs: 6)
    settings.learningRate = 5e-3
    let strategy = try Tiny.strategy(name, model)
    let trainer = try Trainer(
      model, training: split, validation: split, settings: settings, seed: 1, hook: strategy)
    let summary = try trainer.run()
    #expect(summary.epochs == 6)
    let after = try model.evaluate(split).loss
    #expect(after < before, "\(name) learns")
    #expect(strategy.metrics().allSatisfy { $0.value.isFinite })
    #expect(Tiny.isFinite(model))
  }

  private let sections = [
    "gradient-blending": "gradient_blending: {interval: 1}", "mslr": "mslr: {patience: 0}",
    "g2d": "g2d: {stage: 1, teacher_epochs: 2}",
  ]
  private static let stateless = ["unimodal", "unimodal:m1", "mrd"]

  @Test(
    arguments: ["cggm", "balanced", "mrd", "ogm-ge", "agm", "mslr", "unimodal"], ["deeplab_v3plus", "unet"])
  func trainsSegmentation(name: String, architecture: String) throws {
    let configuration = Tiny.configuration(architecture, .segmentation, modalities: 2)
    let split = try Tiny.split(configuration, count: 9)
    let model = try Tiny.model(configuration)
    let trainer = try Trainer(
      model, training: split, validation: split, settings: Tiny.settings(epochs: 1), seed: 1,
      hook: try Tiny.strategy(name, model))
    // The last batch has one sample. Statistics over a single value must not spoil the model.
    _ = try trainer.run()
    #expect(Tiny.isFinite(model))
  }

  @Test(arguments: ["pmr", "gradient-blending", "mmpareto", "arl", "g2d"])
  func refusesMaps(name: String) throws {
    let model = try Tiny.model(Tiny.configuration("deeplab_v3plus", .segmentation, modalities: 2))
    #expect(throws: Fault.self) { try Tiny.strategy(name, model) }
  }

  @Test(arguments: [1, 2, 6])
  func anyNumberOfModalities(count: Int) throws {
    for name in Self.all where !name.hasPrefix("unimodal:") {
      let configuration = Tiny.configuration("encoder_fusion", .classification, modalities: count)
      let split = try Tiny.split(configuration, count: 16)
      let model = try Tiny.model(configuration)
      let trainer = try Trainer(
        model, training: split, validation: split, settings: Tiny.settings(epochs: 1), seed: 1,
        hook: try Tiny.strategy(name, model))
      _ = try trainer.run()
      #expect(Tiny.isFinite(model), "\(name)")
    }
  }

  /// Two epochs, a stop and one more epoch give the same bits as three epochs at once.
  @Test(arguments: all.dropFirst(), [TrainingSettings.OptimizerName.adam, .sgd])
  func continuesWithTheSameBits(name: String, optimizer: TrainingSettings.OptimizerName) throws {
    let configuration = Tiny.configuration("encoder_fusion", .classification, modalities: 2)
    let split = try Tiny.split(configuration)
    let options = "{\(sections[name] ?? "")}"
    func run(_ epochs: Int, _ folder: String, resume: Bool) throws -> ([[Float]], [(name: String, value: Double)]) {
      let model = try Tiny.model(configuration)
      let strategy = try Tiny.strategy(name, model, options)
      let trainer = try Trainer(
        model, training: split, validation: split, settings: Tiny.settings(epochs: epochs, optimizer: optimizer),
        seed: 4, hook: strategy, folder: folder)
      _ = try ownRandomNumbers { try trainer.run(resume: resume) }
      return (model.backbone.state().map(\.tensor.floats), strategy.metrics())
    }
    try withTemporaryFolder { folder in
      for part in ["whole", "parts"] {
        try FileManager.default.createDirectory(atPath: "\(folder)/\(part)", withIntermediateDirectories: true)
      }
      let whole = try run(3, folder + "/whole", resume: false)
      _ = try run(2, folder + "/parts", resume: false)
      let parts = try run(3, folder + "/parts", resume: true)
      #expect(whole.0 == parts.0)
      #expect(whole.1.map(\.value) == parts.1.map(\.value))
      let states = try ["whole", "parts"].map { part -> [String: [Double]] in
        let path = "\(folder)/\(part)/checkpoint/strategy.safetensors"
        guard let file = try? SafetensorsFile(path: path) else { return [:] }
        return try file.tensors().mapValues(\.doubles)
      }
      #expect(states[0] == states[1])
      #expect(Self.stateless.contains(name) || !states[0].isEmpty)
    }
  }

  /// The classifiers have their own optimiser and encodings without a graph, so they change nothing in the model.
  @Test func watchedTrainingIsJointTraining() throws {
    let configuration = Tiny.configuration("encoder_fusion", .classification)
    let split = try Tiny.split(configuration)
    func weights(_ name: String) throws -> [Tensor] {
      let model = try Tiny.model(configuration)
      let strategy = try Tiny.strategy(name, model)
      var settings = Tiny.settings(epochs: 3)
      settings.clip = 0
      _ = try Trainer(
        model, training: split, validation: split, settings: settings, seed: 2, hook: strategy
      ).run()
      if name == "cggm-watch" { #expect(strategy.metrics().contains { $0.name == "score/m1" }) }
      return model.backbone.parameters().map { $0.storage.tensor! }
    }
    let (joint, watched, balanced) = (try weights("joint"), try weights("cggm-watch"), try weights("cggm"))
    for (index, tensor) in joint.enumerated() { expectClose(watched[index], tensor, 1e-5, "parameter \(index)") }
    #expect(zip(joint, balanced).contains { $0.floats != $1.floats }, "balancing does change something")
  }

  @Test func anUnknownKeyIsRefused() throws {
    let model = try Tiny.model(Tiny.configuration())
    #expect(throws: Fault.self) { try Tiny.strategy("cggm", model, "cggm: {rhoo: 1}") }
    #expect(throws: Fault.self) { try Tiny.strategy("cggm", model, "cggm: {smoothing: 1}") }
    #expect(throws: Fault.self) { try Tiny.strategy("cggm", model, "cggm: {start: nowhere}") }
    #expect(throws: Fault.self) { try Tiny.strategy("cggm", model, "cggm: {teaching: -1}") }
    #expect(throws: Fault.self) { try Tiny.strategy("cggm", model, "cggm: {measure: height}") }
    #expect(throws: Fault.self) { try Tiny.strategy("cggm", model, "cggm: {drop: 1}") }
    #expect(throws: Fault.self) { try Tiny.strategy("cggm", model, "cggm: {dropping: never}") }
    #expect(throws: Fault.self) { try Tiny.strategy("mmpareto", model, "mmpareto: {gamma: 0}") }
    #expect(throws: Fault.self) { try Tiny.strategy("g2d", model, "g2d: {stage: 0}") }
    #expect(throws: Fault.self) { try Tiny.strategy("g2d", model, "g2d: {temperature: 0}") }
    #expect(throws: Fault.self) { try Tiny.strategy("unimodal:m9", model) }
    #expect(throws: Fault.self) { try Tiny.strategy("unimodal", model, "unimodal: {modality: nothing}") }
  }

  /// A conversion of such a number to an integer would end the process.
  @Test(arguments: [Double.nan, .infinity, 1e300, -2, 0.5]) func aDamagedCountIsRefused(number: Double) throws {
    let state = ["log": StrategyState.numbers([number]), "stage": StrategyState.numbers([number])]
    for key in state.keys {
      let fault = #expect(throws: Fault.self) { try StrategyState.integer(key, of: state, file: "checkpoint") }
      #expect(fault?.kind == .badData && fault?.key == key && fault?.found == "\(number)")
    }
    var log = BalancingLog()
    #expect(throws: Fault.self) { try log.load(state, file: nil) }
    #expect(try StrategyState.integer("n", of: ["n": StrategyState.numbers([7])], file: nil) == 7)
  }

  @Test func aForeignStateIsRefused() throws {
    let model = try Tiny.model(Tiny.configuration())
    let strategy = try Tiny.strategy("cggm", model)
    #expect(throws: Fault.self) { try strategy.load([:], file: "strategy.safetensors") }
    #expect(throws: Fault.self) { try Tiny.strategy("agm", model).load(["means": Tensor([1.0])], file: nil) }
  }

  @Test func unimodalSeesOneModalityForEver() throws {
    let configuration = Tiny.configuration("late_fusion", .classification)
    let model = try Tiny.model(configuration)
    _ = try Tiny.strategy("unimodal:m1", model)
    model.train(false)
    let batch = Tiny.batch(configuration)
    var other = batch.inputs
    other.modalities[0] = other.modalities[0] * 3
    other.modalities[2] = other.modalities[2] + 1
    let prediction = model(batch.inputs).prediction
    expectClose(model(other).prediction, prediction, 0, "the others are not looked at")
    try withTemporaryFolder { folder in
      try ModelFolder.write(model.backbone, to: folder + "/model")
      let again = try ModelFolder.read(folder + "/model")
      again.train(false)
      #expect(again.configuration.only == ["m1"])
      expectClose(again(other).prediction, prediction, 0, "the folder remembers")
    }
  }

  /// A run that was stopped within an epoch logs the same line at its end.
  @Test func figuresKeepTheirOrder() throws {
    var log = BalancingLog()
    log.begin(2)
    log.add("score", ["text", "audio"], [1, 2])
    log.add("balance", ["text"], [3])
    log.add("score", ["text"], [2])
    var resumed = BalancingLog()
    try resumed.load(Dictionary(uniqueKeysWithValues: log.state().map { ($0.key, $0.tensor) }), file: nil)
    resumed.begin(2)
    #expect(resumed.metrics.map(\.name) == ["score/text", "score/audio", "balance/text"])
    #expect(resumed.metrics.map(\.value) == [1.5, 2, 3])
  }
}
