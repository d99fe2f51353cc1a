import Polyphony
import Testing
import Torch

@testable import PolyphonySettings
@testable import PolyphonySupport

/// The effect of CGGM on gradients, and its resumption with the same bits.
@Suite struct ModulationTests {
  /// The gradients of each modality's parameters and of the shared ones after backward and modulation.
  func gradients(_ model: MultimodalModel, _ batch: Batch, _ strategy: any StepHook) throws -> [Tensor] {
    let settings = Tiny.settings(optimizer: .sgd)
    let groups = try #require(strategy.groups(model, settings))
    let optimizer = SGD(groups)
    let step = Tiny.step(model, batch, strategy, optimizer)
    strategy.loss(step).backward()
    strategy.adjustGradients(step)
    return groups.map { $0.parameters.gradients }
  }

  @Test(arguments: ["late_fusion", "early_fusion", "encoder_fusion", "mult", "deeplab_v3plus"])
  func magnitudeScalesEachModalitysGradients(architecture: String) throws {
    let configuration = Tiny.configuration(
      architecture, architecture == "deeplab_v3plus" ? .segmentation : .classification, modalities: 2)
    let batch = Tiny.batch(configuration, count: 4)
    let plain = try Tiny.model(configuration)
    let unscaled = try gradients(plain, batch, try Tiny.strategy("cggm-direction", plain, "cggm: {lambda: 0}"))
    let model = try Tiny.model(configuration)
    let strategy = try #require(
      try Tiny.strategy("cggm-magnitude", model, "cggm: {limit: 100}") as? ClassifierGuidedModulation)
    let scaled = try gradients(model, batch, strategy)
    #expect(scaled.count == 3)
    #expect(scaled[1].count > 0 && scaled[2].count > 0)
    expectClose(scaled[0], unscaled[0], 1e-5, "shared")
    for index in 0..<2 {
      expectClose(scaled[index + 1], unscaled[index + 1] * strategy.current[index], 1e-5, "modality \(index)")
    }
  }

  @Test func directionAddsItsGradient() throws {
    let configuration = Tiny.configuration()
    let batch = Tiny.batch(configuration)
    let plain = try Tiny.model(configuration)
    let without = try gradients(plain, batch, try Tiny.strategy("cggm-direction", plain, "cggm: {lambda: 0}"))
    let model = try Tiny.model(configuration)
    let with = try gradients(model, batch, try Tiny.strategy("cggm-direction", model, "cggm: {lambda: 5}"))
    #expect((with[1] - without[1]).norm().item > 1e-4, "the encoders feel the direction")
  }

  @Test(arguments: ["late_fusion", "encoder_fusion", "deeplab_v3plus"])
  func teachingAddsAShareOfTheClassifiersGradient(architecture: String) throws {
    let configuration = Tiny.configuration(
      architecture, architecture == "deeplab_v3plus" ? .segmentation : .classification, modalities: 2)
    let batch = Tiny.batch(configuration, count: 4)
    func taught(_ share: Double) throws -> [Tensor] {
      let model = try Tiny.model(configuration)
      return try gradients(model, batch, try Tiny.strategy("cggm-watch", model, "cggm: {teaching: \(share)}"))
    }
    let (none, half, whole) = (try taught(0), try taught(0.5), try taught(1))
    expectClose(whole[0], none[0], 1e-5, "nothing but encoders is taught")
    // The classifiers' own losses by autograd, without a share.
    let model = try Tiny.model(configuration)
    let strategy = try #require(try Tiny.strategy("cggm-watch", model) as? ClassifierGuidedModulation)
    let optimizer = SGD(try #require(strategy.groups(model, Tiny.settings(optimizer: .sgd))))
    optimizer.zeroGradients()
    let step = Tiny.step(model, batch, strategy, optimizer)
    strategy.classifiers(step.output.encoded, share: 1)
      .map { step.loss($0.prediction, batch.target) }.reduce(step.taskLoss * 0, +).backward()
    for index in 1...2 {
      #expect((whole[index] - none[index]).norm().item > 1e-4)
      expectClose(half[index] - none[index], (whole[index] - none[index]) * 0.5, 1e-5, "modality \(index)")
      expectClose(whole[index] - none[index], optimizer.groups[index].parameters.gradients, 1e-5, "modality \(index)")
    }
  }

  @Test func updatesScaleTheLearningRate() throws {
    let configuration = Tiny.configuration()
    let model = try Tiny.model(configuration)
    let strategy = try #require(
      try Tiny.strategy("cggm", model, "cggm: {scale: updates}") as? ClassifierGuidedModulation)
    let settings = Tiny.settings()
    let optimizer = Adam(try #require(strategy.groups(model, settings)))
    let step = Tiny.step(model, Tiny.batch(configuration), strategy, optimizer)
    strategy.loss(step).backward()
    strategy.adjustGradients(step)
    for (index, term) in strategy.current.enumerated() {
      #expect(optimizer.groups[index + 1].learningRate == 1e-3 * term)
    }
    #expect(optimizer.groups[0].learningRate == 1e-3)
  }

  @Test(arguments: [TrainingSettings.OptimizerName.adam, .adamw, .sgd])
  func classifiersHaveTheirOwnOptimizer(name: TrainingSettings.OptimizerName) throws {
    let configuration = Tiny.configuration()
    let model = try Tiny.model(configuration)
    let strategy = try ClassifierGuidedModulation(CGGMSettings(), model)
    let settings = Tiny.settings(optimizer: name)
    let optimizer = SGD(try #require(strategy.groups(model, settings)))
    let before = strategy.classifiers.state().map { $0.tensor.copy() }
    let fixed = model.backbone.state().map { $0.tensor.copy() }
    let step = Tiny.step(model, Tiny.batch(configuration), strategy, optimizer)
    strategy.loss(step).backward()
    strategy.endStep(step)
    let after = strategy.classifiers.state()
    #expect(zip(before, after).allSatisfy { ($0 - $1.tensor).abs().sum().item > 0 || $1.key.contains("norm") })
    // The model's parameters change only with its own optimiser.
    #expect(zip(fixed, model.backbone.state()).allSatisfy { ($0 - $1.tensor).abs().sum().item == 0 })
  }

  @Test func metricsTellScoresTermsAndCosines() throws {
    let configuration = Tiny.configuration()
    let model = try Tiny.model(configuration)
    let strategy = try Tiny.strategy("cggm", model)
    let optimizer = Adam(try #require(strategy.groups(model, Tiny.settings())))
    let step = Tiny.step(model, Tiny.batch(configuration), strategy, optimizer)
    _ = strategy.loss(step)
    let names = strategy.metrics().map(\.name)
    for kind in ["score", "balance", "cosine", "clamped"] {
      for modality in configuration.modalities { #expect(names.contains("\(kind)/\(modality.name)")) }
    }
    #expect(strategy.metrics().allSatisfy { $0.value.isFinite })
    let balance = strategy.metrics().filter { $0.name.hasPrefix("balance/") }.map(\.value)
    #expect(abs(balance.reduce(0, +) - 3) < 1e-9, "before anything is clamped the neutral terms add up to M")
  }

  @Test func chanceIsWhatAnUntrainedClassifierScores() throws {
    func chance(_ task: PredictionTask, _ regression: ModalityScore.Regression? = nil) -> Double? {
      ModalityScore(task, regression: regression).chance
    }
    #expect(chance(PredictionTask(kind: .classification, classes: 5)) == 0.2)
    #expect(chance(PredictionTask(kind: .segmentation, classes: 4)) == 0)
    let sentiment = PredictionTask(kind: .regression, range: [-3, 3], metrics: .sentiment)
    #expect(chance(sentiment) == 0.5 && chance(sentiment, .error) == nil && chance(sentiment, .confidence) == nil)

    var plain = Tiny.configuration("encoder_fusion", .regression)
    plain.task = PredictionTask(kind: .regression)
    let model = try Tiny.model(plain)
    let fault = #expect(throws: Fault.self) { try Tiny.strategy("cggm", model, "cggm: {start: chance}") }
    #expect(fault?.key == "balance.cggm.start")
    _ = try Tiny.strategy("cggm", model, "cggm: {start: chance, score: sign}")
  }

  @Test func levelsHaveTheirOwnDefaults() throws {
    func read(_ text: String, _ defaults: CGGMSettings = .init()) throws -> CGGMSettings {
      try SettingsReader.read(try SettingsTree(yaml: text, file: "test")) {
        (reader) throws(Fault) in try CGGMSettings(reader, defaults: defaults)
      }.value
    }
    #expect(try read("{measure: level}").smoothing == 0.99)
    #expect(try read("{measure: level, smoothing: 0.5}").smoothing == 0.5)
    let balanced = try read("{}", .balanced)
    #expect(balanced.measure == .level && balanced.target == .updates && balanced.teaching == 0.1)
    #expect(balanced.smoothing == 0.99 && balanced.parts == .magnitude)
    #expect(balanced.drop == 0.9 && balanced.dropping == .lag)
    #expect(try read("{teaching: 0.5}", .balanced).teaching == 0.5)
    // Where chance is unknown, levels count from 0.
    var plain = Tiny.configuration("encoder_fusion", .regression)
    plain.task = PredictionTask(kind: .regression)
    _ = try Tiny.strategy("balanced", try Tiny.model(plain))
  }

  @Test func presetsAreThePublishedValues() throws {
    let mosi = CGGMSettings(.mosi)
    #expect(mosi.rho == 1.3 && mosi.lambda == 0.2 && mosi.classifierLearningRate == 5e-4 && mosi.smoothing == 0)
    // The default is one layer, and a preset with published values has two.
    for (text, layers) in [("{}", 1), ("cggm: {preset: mosi}", 2), ("cggm: {preset: mosi, classifier_layers: 3}", 3)] {
      let model = try Tiny.model(Tiny.configuration("encoder_fusion", .classification))
      let strategy = try #require(try Tiny.strategy("cggm", model, text) as? ClassifierGuidedModulation)
      let keys = strategy.classifiers.state().map(\.key).filter { $0.hasPrefix("classifers.0.bone.layers.") }
      #expect(Set(keys.map { $0.split(separator: ".")[4] }).count == layers, "\(text): \(keys)")
    }
    let brats = CGGMSettings(.brats)
    #expect(brats.rho == 1 && brats.lambda == 0.1)
    let read = try SettingsReader.read(try SettingsTree(yaml: "{preset: food101, rho: 1.1}", file: "test")) {
      (reader) throws(Fault) in try CGGMSettings(reader)
    }.value
    #expect(read.rho == 1.1 && read.lambda == 0.05 && read.classifierWeightDecay == 3e-3)
  }
}
