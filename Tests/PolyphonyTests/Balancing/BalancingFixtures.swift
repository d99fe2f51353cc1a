import Polyphony
import Testing
import Torch

@testable import PolyphonySettings
@testable import PolyphonySupport

/// Small data and models for the tests of balancing.
enum Tiny {
  static func modalities(_ count: Int) -> [Modality] {
    (0..<count).map { .sequence("m\($0)", features: 3 + $0, length: 4 + $0) }
  }

  static func configuration(
    _ architecture: String = "encoder_fusion", _ kind: PredictionTask.Kind = .classification, modalities count: Int = 3,
    width: Int = 8
  ) -> ModelConfiguration {
    let task =
      kind == .regression
      ? PredictionTask(kind: .regression, range: [-3, 3], metrics: .sentiment)
      : PredictionTask(kind: kind, classes: kind == .segmentation ? 4 : 3)
    return ModelConfiguration(
      architecture: architecture,
      modalities: kind == .segmentation
        ? (0..<count).map { .image("m\($0)", channels: 1, height: 32, width: 32) } : modalities(count),
      task: task, width: width, heads: 2, layers: 1, dropout: .init())
  }

  /// A model with weights from the seed alone, because parallel tests share libtorch's generator.
  static func model(_ configuration: ModelConfiguration, seed: UInt64 = 3) throws -> MultimodalModel {
    let model = try MultimodalModel(configuration)
    fill(model.backbone.parameters().map { ($0.key, $0.storage.tensor!) }, seed)
    return model
  }

  /// Overwrites weights and biases; norms keep their 1.
  private static func fill(_ tensors: [(key: String, tensor: Tensor)], _ seed: UInt64) {
    let generator = Generator(seed: seed)
    for (key, tensor) in tensors where tensor.dtype.isFloatingPoint {
      let isWeight = tensor.rank > 1
      guard isWeight || key.hasSuffix("bias") else { continue }
      let scale = isWeight ? 1 / Double(tensor.count / tensor.size(0)).squareRoot() : 0.05
      let values = Tensor.normal(tensor.shape, generator: generator) * scale
      noGrad { tensor.copyInPlace(from: values) }
    }
  }

  /// True if every parameter and buffer is finite.
  static func isFinite(_ model: MultimodalModel) -> Bool { model.backbone.state().allSatisfy { $0.tensor.isFinite } }

  /// Random samples. The first modality has the target with the least noise.
  static func batch(_ configuration: ModelConfiguration, count: Int = 12, seed: UInt64 = 5) -> Batch {
    let generator = Generator(seed: seed)
    let state = Tensor.normal([count], generator: generator)
    let inputs = Inputs(
      configuration.modalities.enumerated().map { index, modality in
        let noise = Tensor.normal([count] + modality.sampleShape, generator: generator)
        let shape = [count] + modality.sampleShape.map { _ in 1 }
        return noise * Double(index + 1) + state.reshaped(to: shape)
      })
    switch configuration.task.kind {
    case .regression: return Batch(inputs, target: (state * 1.5).clamped(-3, 3).reshaped(count, 1))
    case .multilabel:
      let columns = (0..<configuration.task.outputs).map { (state .> Double($0) / 2 - 0.5).to(.float32) }
      return Batch(inputs, target: .stacked(columns, 1))
    case .classification: return Batch(inputs, target: (state .> -0.5).to(.int64) + (state .> 0.5).to(.int64))
    case .segmentation:
      let map = inputs.modalities[0].select(1, 0)
      return Batch(inputs, target: (map .> 0).to(.int64) + (map .> 1).to(.int64) + (map .> 2).to(.int64))
    }
  }

  /// A split after a round trip through a folder on disk.
  static func split(_ configuration: ModelConfiguration, count: Int = 24, seed: UInt64 = 5) throws -> LabelledSplit {
    let batch = batch(configuration, count: count, seed: seed)
    return try withTemporaryFolder { folder in
      let description = DatasetDescription(
        name: "tiny", task: configuration.task, modalities: configuration.modalities)
      try DatasetWriter.write(
        description, [.init("train", batch.inputs, target: batch.target)], to: folder + "/data")
      return try Dataset(folder + "/data").labelled("train")
    }
  }

  static func strategy(_ name: String, _ model: MultimodalModel, _ settings: String = "{}") throws
    -> any StepHook
  {
    let tree = try SettingsTree(yaml: settings, file: "test")
    let strategy = try SettingsReader.read(tree) { (reader) throws(Fault) in
      try BalancingMethods.maker(name)(reader, model)
    }.value
    let state = strategy.state()
    fill(state.filter { $0.key.hasPrefix("classifiers.") || $0.key.hasPrefix("heads.") }, 17)
    return strategy
  }

  static func settings(epochs: Int = 2, optimizer: TrainingSettings.OptimizerName = .adam) -> TrainingSettings {
    var settings = TrainingSettings()
    (settings.epochs, settings.batchSize, settings.optimizer) = (epochs, 8, optimizer)
    settings.schedule = .constant
    return settings
  }

  /// Forward pass and loss, as in the trainer.
  static func step(
    _ model: MultimodalModel, _ batch: Batch, _ strategy: any StepHook, _ optimizer: any Optimizer
  ) -> TrainingStep {
    let output = model(batch.inputs, encodings: strategy.needsEncodings)
    let loss = TaskLoss(model.configuration.task)
    return TrainingStep(
      epoch: 0, index: 0, model: model, optimizer: optimizer, batch: batch, output: output, loss: loss,
      taskLoss: loss(output.prediction, batch.target))
  }
}
