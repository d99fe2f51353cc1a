import Polyphony
import Testing
import Torch

/// Padding is never attended to nor read out, and samples of a batch know nothing of each other.
@Suite struct PaddingTests {
  static let modalities: [Modality] = [
    .sequence("text", features: 6, length: 7), .sequence("audio", features: 5, length: 9),
    .vector("face", features: 4), .sequence("vision", features: 3, length: 5),
  ]
  static let lengths = [[7, 1, 4, 6], [2, 9, 5, 1], nil, [5, 3, 1, 2]]

  static func model(_ architecture: String, causal: Bool) throws -> MultimodalModel {
    Libtorch.seed(11)
    let model = try MultimodalModel(
      ModelConfiguration(
        architecture: architecture, modalities: modalities, task: PredictionTask(kind: .classification, classes: 3),
        width: 12, heads: 3, layers: 3, causal: causal, memoryLayers: 2))
    model.train(false)
    return model
  }

  /// Four samples; what lies behind their real steps is far from zero, so that a leak shows.
  static func inputs() -> Inputs {
    let generator = Generator(seed: 5)
    return Inputs(
      modalities.map { .normal([4] + $0.sampleShape, generator: generator) * 3 },
      lengths: lengths.map { $0.map { Tensor($0) } })
  }

  static let variants: [(String, Bool)] = [
    ("late_fusion", false), ("early_fusion", false), ("encoder_fusion", false), ("mult", false), ("mult", true),
  ]

  @Test(arguments: variants) func paddedEqualsAlone(architecture: String, causal: Bool) throws {
    let model = try Self.model(architecture, causal: causal)
    let inputs = Self.inputs()
    let together = model(inputs)
    for sample in 0..<4 {
      let alone = Inputs(
        zip(inputs.modalities, Self.lengths).map { tensor, lengths in
          let row = tensor[sample..<(sample + 1)]
          return lengths.map { row.slice(1, 0, $0[sample]) } ?? row
        })
      expectClose(
        together.prediction[sample..<(sample + 1)], model(alone).prediction, 1e-5, "sample \(sample), joined stages")
      expectClose(
        model(inputs, encodings: true).prediction[sample..<(sample + 1)], model(alone, encodings: true).prediction,
        1e-5,
        "sample \(sample), stage by stage")
    }
  }

  @Test(arguments: variants) func permutingSamplesPermutesPredictions(architecture: String, causal: Bool) throws {
    let model = try Self.model(architecture, causal: causal)
    let inputs = Self.inputs()
    let order = Tensor([2, 0, 3, 1])
    expectClose(
      model(inputs.rows(order)).prediction, model(inputs).prediction.rows(order), 1e-6, "permuted predictions")
  }

  @Test(arguments: variants) func paddingGetsNoGradient(architecture: String, causal: Bool) throws {
    let model = try Self.model(architecture, causal: causal)
    var inputs = Self.inputs()
    for tensor in inputs.modalities { tensor.requiringGradient() }
    inputs.modalities = inputs.modalities.map { $0 }
    model(inputs).prediction.squared().sum().backward()
    for (modality, tensor) in inputs.modalities.enumerated() {
      guard let mask = inputs.mask(modality) else { continue }
      let gradient = try #require(tensor.gradient)
      #expect(gradient.filled(0, where: mask.unsqueezed(2)).abs().maximum().item == 0, "modality \(modality)")
    }
  }

  /// A missing modality is a sample of zeros after normalisation: what lies in the tensor does not matter.
  @Test(arguments: variants) func whatIsMissingIsNotSeen(architecture: String, causal: Bool) throws {
    let model = try Self.model(architecture, causal: causal)
    var inputs = Self.inputs()
    inputs.presence = Tensor(
      [true, true, true, true, false, true, true, true, true, false, true, true, true, true, true, false],
      shape: [4, 4])
    let before = model(inputs).prediction
    let row = Tensor([1])
    inputs.modalities[0] = inputs.modalities[0].replacing([row], with: .full([1, 7, 6], 100))
    expectClose(model(inputs).prediction, before, 1e-6, "prediction of a sample without text")
  }

  @Test(arguments: ["late_fusion", "early_fusion", "encoder_fusion", "mult"], [1, 2, 5])
  func anyNumberOfModalities(architecture: String, count: Int) throws {
    let modalities = (0..<count).map { Modality.sequence("m\($0)", features: 3 + $0, length: 4 + $0) }
    let model = try MultimodalModel(
      ModelConfiguration(
        architecture: architecture, modalities: modalities, task: PredictionTask(kind: .regression), width: 8, heads: 2,
        layers: 2))
    let output = model(Inputs(modalities.map { .normal([3] + $0.sampleShape) }))
    #expect(output.prediction.shape == [3, 1])
    output.prediction.sum().backward()
    for (key, stored) in model.backbone.parameters() {
      #expect(stored.tensor?.gradient != nil, "no gradient for \(key)")
    }
  }
}
