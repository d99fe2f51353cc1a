import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonyEncoders
@testable import PolyphonySettings
@testable import PolyphonySupport

/// A small model of raw inputs and numbers with a small encoder of the fixtures inside: BERT, or another one.
enum InsideModel {
  static func configuration(
    _ architecture: String = "late_fusion", dropout: Double = 0, of input: InsideInput = .text
  ) throws -> ModelConfiguration {
    PretrainedEncoders.register()
    let states = Modality.sequence(input.modality.name, features: input.width, length: input.states)
    var configuration = ModelConfiguration(
      architecture: architecture, modalities: [states, .sequence("audio", features: 3, length: 4)],
      task: PredictionTask(kind: .regression), width: 8, heads: 2, layers: 1,
      dropout: DropoutRates(attention: dropout, embedding: dropout))
    let network = try InputEncoders.configuration(of: ReferenceEncoder.folder(input.encoder))
    configuration.encoders = [input.modality.name: InsideEncoder(input: input.modality, network: network)]
    return configuration
  }

  /// A model with the encoder's weights, and others from a seed of its own, because tests run in parallel.
  static func make(_ configuration: ModelConfiguration, of input: InsideInput = .text) throws -> MultimodalModel {
    let model = try MultimodalModel(configuration)
    let generator = Generator(seed: 3)
    for (_, stored) in model.backbone.parameters() {
      guard let tensor = stored.tensor, tensor.rank > 1 else { continue }
      let scale = 1 / Double(tensor.count / tensor.size(0)).squareRoot()
      noGrad { tensor.copyInPlace(from: .normal(tensor.shape, generator: generator) * scale) }
    }
    let name = input.modality.name
    let encoder = try #require(model.backbone.inputEncoders[name])
    try InputEncoders.family(#require(configuration.encoders?[name]?.network), file: "config.json")
      .load(ReferenceEncoder.folder(input.encoder), into: encoder)
    model.train(false)
    return model
  }

  static func make(
    _ architecture: String = "late_fusion", dropout: Double = 0, of input: InsideInput = .text
  ) throws -> MultimodalModel {
    try make(configuration(architecture, dropout: dropout, of: input), of: input)
  }

  /// Raw inputs of several lengths with numbers beside them, and targets.
  static func split(
    _ name: String = "train", count: Int = 12, seed: UInt64 = 5, of input: InsideInput = .text
  ) -> LabelledSplit {
    let generator = Generator(seed: seed)
    let (values, lengths) = input.inputs(count, generator)
    let inputs = Inputs([values, .normal([count, 4, 3], generator: generator)], lengths: [lengths, nil])
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
    _ model: MultimodalModel, epochs: Int = 1, hook: any StepHook = JointTraining(), of input: InsideInput = .text
  ) throws {
    var settings = TrainingSettings()
    (settings.epochs, settings.batchSize, settings.learningRate, settings.encoderRate) = (epochs, 4, 1e-2, 1e-2)
    let trainer = try Trainer(
      model, training: split(of: input), validation: split("valid", count: 4, seed: 6, of: input), settings: settings,
      seed: 0, hook: hook)
    _ = try trainer.run { false }
  }

  static func close(_ a: [Float], _ b: [Float], _ tolerance: Float = 1e-5) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance }
  }
}
