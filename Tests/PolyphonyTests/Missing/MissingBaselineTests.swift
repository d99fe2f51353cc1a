import Polyphony
import Testing
import Torch

/// Zero fill, mean fill, modality dropout, missing-aware prompts, reconstruction.
@Suite struct MissingBaselineTests {
  @Test func zeroFillIsTheSourceModel() throws {
    let model = try MissingFixtures.model()
    let data = MissingFixtures.split(14, patterns: true)
    let before = model(data.samples.inputs).prediction.floats
    try MissingFixtures.install("zero_fill", on: model)
    #expect(model.parameterCount.trainable == 0 && model.handlesMissingModalities)
    let summary = try MissingFixtures.train(model, data)
    #expect(summary.epochs == 0, "nothing to train")
    let other = try MissingFixtures.twin(of: model)
    let (method, _) = try MissingFixtures.method("zero_fill", "", other.configuration)
    let cost = try TuningCost.measure(try Installation(method, on: other), data.batch(Array(0..<8)), repeats: 1)
    #expect(cost.secondsPerStep == 0 && cost.trainableParameters == 0, "nor a step to time")
    #expect(model(data.samples.inputs).prediction.floats == before)
  }

  /// A sample without audio is as one whose audio is the training mean of each step.
  @Test(arguments: [false, true]) func meanFillPutsTheTrainingMean(padded: Bool) throws {
    let data = MissingFixtures.split(24, patterns: true, padded: padded)
    let model = try MissingFixtures.model()
    let method = try MissingFixtures.install("mean_fill", on: model)
    try method.fit(data.samples, on: model)
    // Audio at step 4 over samples that have it, by hand.
    let inputs = data.samples.inputs
    let audio = inputs.modalities[1]
    let lengths = inputs.lengths[1]?.integers ?? Array(repeating: 9, count: 24)
    let present = try #require(inputs.isPresent(1)).integers
    let rows = (0..<24).filter { present[$0] == 1 && lengths[$0] > 4 }
    let mean = audio.rows(Tensor(rows)).select(1, 4).mean(0)
    expectClose(try model.prompt("mean.audio.value")[4], mean, 1e-5, "mean of step 4")

    var without = MissingFixtures.split(2).samples.inputs
    var with = without
    without.presence = MissingFixtures.presence([[1, 0, 1], [1, 1, 1]])
    let filled = Tensor.concatenated([try model.prompt("mean.audio.value").unsqueezed(0), with.modalities[1][1..<2]])
    with.modalities[1] = filled
    expectClose(model(without).prediction, model(with).prediction, 1e-5, "prediction with the mean")
  }

  @Test func modalityDropoutTrainsEverything() throws {
    let model = try MissingFixtures.model()
    let base = model.copies()
    try MissingFixtures.install("modality_dropout", on: model)
    #expect(model.parameterCount.trainable == model.parameterCount.total)
    try MissingFixtures.train(model, MissingFixtures.split(32))
    for (key, stored) in model.backbone.storage() { #expect(stored.tensor!.floats != base[key], "\(key)") }
  }

  /// The paper's modality dropout trains the projections and the last layer, and no tensor of the body.
  @Test(arguments: PromptTests.architectures) func frozenModalityDropoutKeepsTheBody(architecture: String) throws {
    let model = try MissingFixtures.model(architecture)
    let base = model.copies()
    try MissingFixtures.install("frozen_modality_dropout", on: model)
    let trained = model.backbone.trainableParameters().map(\.key)
    #expect(trained.allSatisfy { model.backbone.isProjection($0) || model.backbone.outputLayerKeys.contains($0) })
    try MissingFixtures.train(model, MissingFixtures.split(32))
    for (key, stored) in model.backbone.storage() {
      #expect((stored.tensor!.floats != base[key]) == trained.contains(key), "\(key)")
    }
  }

  /// A pattern's prompt gets gradient from samples of that pattern, and from no others.
  @Test(arguments: PromptTests.architectures) func eachPatternHasItsPrompt(architecture: String) throws {
    let model = try MissingFixtures.model(architecture)
    try MissingFixtures.install("missing_aware_prompts", "{length: 3}", on: model)
    var inputs = MissingFixtures.split(4).samples.inputs
    inputs.presence = MissingFixtures.presence([[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 0, 0]])
    model(inputs).prediction.sum().backward()
    let gradient = try #require(try model.prompt("prompts").gradient).abs().flattened(1).maximum(1).floats
    #expect(gradient.map { $0 > 0 } == [true, false, true, false, false, false, true], "codes 1, 3 and 7")
    inputs.presence = nil
    let complete = model(inputs).prediction
    inputs.presence = .ones([4, 3], dtype: .bool)
    expectClose(model(inputs).prediction, complete, 1e-7, "complete, said or not")
  }

  @Test(arguments: PromptTests.architectures) func reconstructionLearnsWhatIsMissing(architecture: String) throws {
    let model = try MissingFixtures.model(architecture)
    let method = try MissingFixtures.install("reconstruction", "{blocks: 2, hidden: 16}", on: model)
    let strategy = try #require(method.stepHook)
    let data = MissingFixtures.split(40)
    let error = { try imaginationError(model, strategy, data) }
    let before = try error()
    let base = model.copies()
    try MissingFixtures.train(model, data, epochs: 20, strategy: strategy)
    #expect(try error() < before * 0.8, "what is imagined comes nearer to what was there")
    for (key, stored) in model.backbone.storage() where !key.hasPrefix("proj.") && !key.hasPrefix("out_layer.") {
      #expect(stored.tensor!.floats == base[key], "\(key)")
    }
    // Batches equal single samples.
    let inputs = MissingFixtures.split(9, patterns: true, padded: true).samples.inputs
    let rows = (0..<9).map { model(inputs.rows(Tensor([$0]))).prediction }
    expectClose(.concatenated(rows), model(inputs).prediction, 1e-5, "one by one")
  }

  /// The strategy's loss less the task's, on batches without audio.
  private func imaginationError(_ model: MultimodalModel, _ strategy: any StepHook, _ data: LabelledSplit)
    throws -> Double
  {
    let probe = Probe(strategy)
    var settings = TrainingSettings()
    settings.epochs = 1
    settings.batchSize = 40
    settings.learningRate = 1e-12
    let corruption = try MissingCorruption(
      .fixed(["audio"]), training: data.samples, validation: data.samples, model.configuration.modalities, seed: 0)
    _ = try Trainer(
      model, training: data, validation: data, settings: settings, seed: 0, hook: probe, corruption: corruption
    ).run()
    return probe.extra
  }

  private final class Probe: StepHook {
    let inner: any StepHook
    var extra = 0.0
    init(_ inner: any StepHook) { self.inner = inner }
    func loss(_ step: TrainingStep) -> Tensor {
      let loss = inner.loss(step)
      extra = loss.item - step.taskLoss.item
      return loss
    }
  }
}
