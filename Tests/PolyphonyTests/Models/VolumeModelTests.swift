import Testing
import Torch

@testable import Polyphony

/// Models of whole volumes: the stages of the U-Net in three dimensions, and the methods that act on it.
@Suite struct VolumeModelTests {
  static func configuration(_ size: [Int] = [6, 8, 9], layers: Int = 2) -> ModelConfiguration {
    var configuration = Tiny.configuration("unet", .segmentation, modalities: 2, width: 2)
    configuration.modalities = (0..<2).map {
      .volume("m\($0)", channels: 1 + $0, depth: size[0], height: size[1], width: size[2])
    }
    configuration.layers = layers
    return configuration
  }

  @Test func shapesOfEveryStage() throws {
    let configuration = Self.configuration()
    let model = try Tiny.model(configuration)
    let batch = Tiny.batch(configuration, count: 2)
    let output = model(batch.inputs, encodings: true)
    #expect(output.prediction.shape == [2, 4, 6, 8, 9] && output.pooled.shape == [2, 2])
    #expect(output.encoded[1].map.shape == [2, 4, 3, 4, 5])
    #expect(output.encoded[1].grid == Tokens.Grid([3, 4, 5]) && output.encoded[1].grid?.depth == 3)
    #expect(output.encoded[1].details.map(\.shape) == [[2, 2, 6, 8, 9]])
    let loss = TaskLoss(configuration.task)
    loss(output.prediction, batch.target).backward()
    for (key, stored) in model.backbone.parameters() { #expect(stored.tensor?.gradient != nil, "\(key)") }
    // Tokens that a method has made anew lack the finer maps.
    let fused = model.backbone.fuse(output.encoded.map { Tokens($0.values) })
    #expect(fused[0].map.shape == [2, 2, 6, 8, 9])
    // The closed form of the loss's gradient is that of the graph.
    let logits = output.prediction.detached().copy().requiringGradient()
    loss(logits, batch.target).backward()
    expectClose(loss.gradient(logits.detached(), batch.target), logits.gradient!, 1e-5, "gradient of the loss")
  }

  @Test func sizesAndKindsThatDoNotFit() {
    let fault = expectFault(.usage) { _ = try MultimodalModel(Self.configuration([4, 16, 16], layers: 3)) }
    #expect(fault?.key == "model.layers" && fault?.expected == "at most 2")
    var deep = Self.configuration()
    deep.architecture = "deeplab_v3plus"
    let other = expectFault(.usage) { _ = try MultimodalModel(deep) }
    #expect(other?.key == "model.architecture" && other?.remedy == "choose unet")
    var mixed = Self.configuration()
    mixed.modalities[0] = .image("m0", channels: 1, height: 8, width: 9)
    #expect(expectFault(.usage) { _ = try MultimodalModel(mixed) }?.key == "model.architecture")
    var empty = Self.configuration()
    empty.modalities[1].depth = 0
    #expect(expectFault(.usage) { _ = try MultimodalModel(empty) }?.key == "model.modalities.m1")
  }

  /// The loss of volumes adds batches in their order, whichever process computes them.
  @Test func severalProcessesScoreAsOne() throws {
    @Sendable func scores(_ group: ProcessGroup?) throws -> (loss: Double, metrics: MetricValues) {
      let configuration = Self.configuration()
      let batch = Tiny.batch(configuration, count: 3)
      let split = LabelledSplit(
        samples: UnlabelledSplit(name: "x", inputs: batch.inputs), target: batch.target)
      let evaluation = try Tiny.model(configuration).evaluate(split, batchSize: 1, group: group)
      return (evaluation.loss, evaluation.metrics)
    }
    let whole = try scores(nil)
    for member in try Members.run(2, { group in try scores(group) }) {
      #expect(member.loss == whole.loss && member.metrics == whole.metrics)
    }
  }

  @Test func lightDecodersReadOneModality() throws {
    let configuration = Self.configuration()
    let model = try Tiny.model(configuration)
    let classifiers = ModalityClassifiers(model, layers: 1)
    let readings = classifiers(model(Tiny.batch(configuration, count: 2).inputs, encodings: true).encoded)
    #expect(readings.map(\.prediction.shape) == [[2, 4, 6, 8, 9], [2, 4, 6, 8, 9]])
  }

  /// The scores of volumes one by one are those of all logits at once.
  @Test func volumesAreScoredOneByOne() throws {
    var configuration = Self.configuration()
    configuration.task = PredictionTask(kind: .segmentation, classes: 4)
    let model = try Tiny.model(configuration)
    let split = try Tiny.split(configuration, count: 3)
    for form in [TaskLoss.Form.dice, .crossEntropy] {
      let loss = try TaskLoss(form, for: configuration.task, classWeights: [0.5, 1, 2, 1])
      let (streamed, classes) = try model.scoredVolumes(split, loss: loss, batchSize: 2, device: .cpu) { inputs, _ in
        inputs
      }
      let logits = model.predict(split.samples).prediction
      let whole = try Evaluation(logits, split.target, task: configuration.task, loss: loss)
      #expect(abs(streamed.loss - whole.loss) < 1e-5 && streamed.metrics == whole.metrics)
      #expect(classes.dtype == .uint8 && classes.to(.int64).integers == logits.argmax(1).integers)
    }
  }

  @Test(arguments: ["joint", "cggm", "ogm-ge", "agm", "mrd"])
  func balancingTrains(strategy: String) throws {
    let configuration = Self.configuration()
    let model = try Tiny.model(configuration)
    let split = try Tiny.split(configuration, count: 4)
    var settings = Tiny.settings(epochs: 1)
    (settings.augment, settings.batchSize) = (ImageAugmentation.Change.allCases, 2)
    let trainer = try Trainer(
      model, training: split, validation: split, settings: settings, seed: 1, hook: Tiny.strategy(strategy, model))
    _ = try trainer.run()
    #expect(Tiny.isFinite(model))
  }

  @Test(arguments: ["full", "head", "bitfit", "lora", "adapter"]) func tuningActs(method: String) throws {
    let configuration = Self.configuration()
    let model = try Tiny.model(configuration)
    let inputs = Tiny.batch(configuration, count: 2).inputs
    let before = model(inputs).prediction
    let installation = try TuningCase(method).install(on: model)
    expectClose(model(inputs).prediction, before, 0, "the start is the base's")
    #expect(!model.trainableParameters().isEmpty)
    installation.isEnabled = false
  }

  @Test(arguments: ["prompts", "shared_specific"]) func missingVolumesAreMadeUp(method: String) throws {
    let configuration = Self.configuration()
    let model = try Tiny.model(configuration)
    var inputs = Tiny.batch(configuration, count: 2).inputs
    inputs.presence = Tensor([true, false, true, true], shape: [2, 2])
    let before = model(inputs).prediction
    _ = try TuningCase(method).install(on: model)
    let after = model(inputs).prediction
    #expect(after.shape == before.shape && after.isFinite)
    #expect((after - before).abs().sum().item > 0, "the missing volume has another map")
  }

  @Test(arguments: ["prefix", "missing_aware_prompts"]) func whatDoesNotApplyIsRefused(method: String) throws {
    let model = try Tiny.model(Self.configuration())
    _ = expectFault(.usage) { _ = try TuningCase(method).install(on: model) }
  }

  @Test(arguments: ["inputs", "tent", "casp"]) func adaptationRuns(method: String) throws {
    var configuration = Self.configuration()
    let split = try Tiny.split(configuration, count: 3).samples
    for index in 0..<2 { configuration.modalities[index].extent = [4, 8, 6] }
    let model = try Tiny.model(configuration)
    let epochs = method == "casp" ? "contrast_epochs: 2, snapshot_interval: 1, pseudo_epochs: 1" : "epochs: 1"
    let tree = try SettingsTree(yaml: "{\(epochs), batch_size: 2}", file: "test")
    let adaptation = try SettingsReader.read(tree) { (reader) throws(Fault) in
      try AdaptationMethods.maker(method)(reader, configuration)
    }.value
    _ = try AdaptationLoop(model, samples: split, method: adaptation).run()
    #expect(Tiny.isFinite(model))
  }
}
