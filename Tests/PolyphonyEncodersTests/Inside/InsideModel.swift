import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonyEncoders
@testable import PolyphonySettings
@testable import PolyphonySupport

/// A small model of texts and numbers with the small BERT of the fixtures inside.
enum InsideModel {
  static let length = 7

  static let record = EncoderRecord(
    content: "text", family: "bert", sha256: "of the test", layer: -1, pooling: "none", longest: 20, vocabulary: 40)

  static func configuration(_ architecture: String = "late_fusion", dropout: Double = 0) throws -> ModelConfiguration {
    TextEncoders.register()
    var text = Modality.sequence("text", features: 16, length: length)
    text.encoder = record
    var configuration = ModelConfiguration(
      architecture: architecture, modalities: [text, .sequence("audio", features: 3, length: 4)],
      task: PredictionTask(kind: .regression), width: 8, heads: 2, layers: 1,
      dropout: DropoutRates(attention: dropout, embedding: dropout))
    configuration.encoders = ["text": try InputEncoders.configuration(of: ReferenceEncoder.folder("bert"))]
    return configuration
  }

  /// A model with the encoder's weights, and others from a seed of its own, because tests run in parallel.
  static func make(_ configuration: ModelConfiguration) throws -> MultimodalModel {
    let model = try MultimodalModel(configuration)
    let generator = Generator(seed: 3)
    for (_, stored) in model.backbone.parameters() {
      guard let tensor = stored.tensor, tensor.rank > 1 else { continue }
      let scale = 1 / Double(tensor.count / tensor.size(0)).squareRoot()
      noGrad { tensor.copyInPlace(from: .normal(tensor.shape, generator: generator) * scale) }
    }
    let encoder = try #require(model.backbone.inputEncoders["text"])
    try InputEncoders.family(#require(configuration.encoders?["text"]), file: "config.json")
      .load(ReferenceEncoder.folder("bert"), into: encoder)
    model.train(false)
    return model
  }

  static func make(_ architecture: String = "late_fusion", dropout: Double = 0) throws -> MultimodalModel {
    try make(configuration(architecture, dropout: dropout))
  }

  /// Texts of several lengths with numbers beside them, and targets.
  static func split(_ name: String = "train", count: Int = 12, seed: UInt64 = 5) -> LabelledSplit {
    let generator = Generator(seed: seed)
    let tokens = Tensor.uniform([count, length], in: 1..<40, generator: generator).to(.int64)
    let lengths = Tensor((0..<count).map { 1 + $0 % length })
    let inputs = Inputs([tokens, .normal([count, 4, 3], generator: generator)], lengths: [lengths, nil])
    return LabelledSplit(
      samples: UnlabelledSplit(name: name, inputs: inputs), target: .normal([count, 1], generator: generator))
  }

  static func prediction(_ model: MultimodalModel, _ inputs: Inputs) -> [Float] {
    model.evaluating { noGrad { model(inputs).prediction } }.floats
  }

  /// All tensors of a model's backbone by key.
  static func state(_ model: MultimodalModel) -> [String: [Float]] {
    Dictionary(uniqueKeysWithValues: model.backbone.state().map { ($0.key, $0.tensor.to(.float32).floats) })
  }

  /// Trains a model for some steps.
  static func train(
    _ model: MultimodalModel, epochs: Int = 1, hook: any StepHook = JointTraining()
  ) throws {
    var settings = TrainingSettings()
    (settings.epochs, settings.batchSize, settings.learningRate, settings.encoderRate) = (epochs, 4, 1e-2, 1e-2)
    let trainer = try Trainer(
      model, training: split(), validation: split("valid", count: 4, seed: 6), settings: settings, seed: 0, hook: hook)
    _ = try trainer.run { false }
  }

  static func close(_ a: [Float], _ b: [Float], _ tolerance: Float = 1e-5) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance }
  }
}
