import Polyphony
import Testing
import Torch

@testable import PolyphonySettings
@testable import PolyphonySupport

/// Small models and data of this folder's tests.
enum MissingFixtures {
  static let modalities: [Modality] = [
    .sequence("text", features: 6, length: 7), .sequence("audio", features: 5, length: 9),
    .sequence("vision", features: 3, length: 5),
  ]

  static func configuration(
    _ architecture: String = "mult", _ modalities: [Modality] = modalities, width: Int = 8, layers: Int = 1
  ) -> ModelConfiguration {
    ModelConfiguration(
      architecture: architecture, modalities: modalities, task: PredictionTask(kind: .regression), width: width,
      heads: 2, layers: layers, dropout: DropoutRates(), memoryLayers: architecture.hasSuffix("mult") ? 1 : nil)
  }

  /// A model whose weights follow from a generator of its own: tests run side by side, and share libtorch's.
  static func model(
    _ architecture: String = "mult", _ modalities: [Modality] = modalities, width: Int = 8, layers: Int = 1,
    dtype: DType = .float32, seed: UInt64 = 3
  ) throws -> MultimodalModel {
    let model = try MultimodalModel(configuration(architecture, modalities, width: width, layers: layers))
    let generator = Generator(seed: seed)
    for (key, stored) in model.backbone.storage() where !key.contains("norm") {
      let shape = stored.tensor!.shape
      let deviation = shape.count > 1 ? 1 / Double(shape[1]).squareRoot() : 0.1
      noGrad { stored.tensor!.copyInPlace(from: .normal(shape, generator: generator) * deviation) }
    }
    model.move(to: .cpu, dtype: dtype)
    return model
  }

  /// The same architecture with the same weights.
  static func twin(of model: MultimodalModel) throws -> MultimodalModel {
    let twin = try MultimodalModel(model.configuration)
    twin.move(to: .cpu, dtype: model.backbone.state()[0].tensor.dtype)
    try twin.backbone.load(Dictionary(uniqueKeysWithValues: model.backbone.state().map { ($0.key, $0.tensor) }))
    return twin
  }

  /// Samples whose target depends on every modality; with all patterns of presence in turn where `patterns`.
  static func split(
    _ count: Int = 24, _ modalities: [Modality] = modalities, patterns: Bool = false, padded: Bool = false,
    seed: UInt64 = 1
  ) -> LabelledSplit {
    let generator = Generator(seed: seed)
    var inputs = Inputs(modalities.map { .normal([count] + $0.sampleShape, generator: generator) })
    let sums = inputs.modalities.map { $0.flattened(1).mean(1) }
    let target = sums.dropFirst().reduce(sums[0], +).reshaped(count, 1) * 3
    if padded {
      inputs.lengths = modalities.enumerated().map { index, modality in
        modality.kind == .sequence ? Tensor((0..<count).map { 1 + ($0 * 3 + index) % modality.steps }) : nil
      }
    }
    if patterns {
      let all = (1 << modalities.count) - 1
      inputs.presence = Tensor(
        (0..<count).flatMap { row in modalities.indices.map { (row % all + 1) >> $0 & 1 == 1 } },
        shape: [count, modalities.count])
    }
    return LabelledSplit(samples: UnlabelledSplit(name: "split", inputs: inputs), target: target)
  }

  /// Makes a tuning method by name from YAML.
  static func method(_ name: String, _ yaml: String, _ configuration: ModelConfiguration) throws -> (
    method: any TuningMethod, settings: SettingsTree
  ) {
    let tree = yaml.isEmpty ? SettingsTree.empty : try SettingsTree(yaml: yaml, file: "tuning.yaml")
    let maker = try TuningMethods.maker(name)
    let result = try SettingsReader.read(tree) { (reader) throws(Fault) in try maker(reader, configuration) }
    return (result.value, result.resolved)
  }

  @discardableResult
  static func install(_ name: String, _ yaml: String = "", on model: MultimodalModel) throws -> any TuningMethod {
    let method = try method(name, yaml, model.configuration).method
    try method.install(on: model)
    return method
  }

  /// Trains with missing data.
  @discardableResult
  static func train(
    _ model: MultimodalModel, _ data: LabelledSplit, epochs: Int = 1, rule: MissingProtocol? = .sample(0.9),
    strategy: (any StepHook)? = nil, folder: String? = nil, resume: Bool = false
  ) throws -> TrainingOutcome {
    var settings = TrainingSettings()
    settings.epochs = epochs
    settings.batchSize = 8
    let corruption = try rule.map { rule in
      try MissingCorruption(
        rule, training: data.samples, validation: data.samples, model.configuration.modalities, seed: 5)
    }
    return try Trainer(
      model, training: data, validation: data, settings: settings, seed: 2, hook: strategy ?? JointTraining(),
      corruption: corruption, folder: folder
    ).run(resume: resume)
  }

  static func presence(_ rows: [[Int]]) -> Tensor {
    Tensor(rows.flatMap { $0.map { $0 == 1 } }, shape: [rows.count, rows[0].count])
  }
}

extension Inputs {
  /// The same in double precision, where the order of sums does not show.
  var double: Inputs {
    var result = self
    result.modalities = modalities.map { $0.to(.float64) }
    return result
  }
}

extension MultimodalModel {
  /// A tensor of the first attachment by its key.
  func prompt(_ key: String) throws -> Tensor {
    try #require(attachments[0].storage().first { $0.key == key }?.storage.tensor, "no tensor \(key)")
  }

  /// Copies of all tensors of the backbone.
  func copies() -> [String: [Float]] {
    Dictionary(uniqueKeysWithValues: backbone.storage().map { ($0.key, $0.storage.tensor!.floats) })
  }
}

/// Expects a fault, and gives it for a closer look.
@discardableResult
func expectFault(
  _ kind: Fault.Kind, _ sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) -> Fault? {
  do {
    try body()
    Issue.record("no fault", sourceLocation: sourceLocation)
  } catch let fault as Fault {
    #expect(fault.kind == kind, "\(fault)", sourceLocation: sourceLocation)
    return fault
  } catch {
    Issue.record("\(error)", sourceLocation: sourceLocation)
  }
  return nil
}
