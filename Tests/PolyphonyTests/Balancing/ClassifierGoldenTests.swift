import Polyphony
import Testing
import Torch

/// The published classifiers' outputs, loss and gradients, and the cosines of head gradients.
@Suite struct ClassifierGoldenTests {
  let golden: Golden
  let model: MultimodalModel
  let classifiers: ModalityClassifiers

  init() throws {
    golden = try Golden("encoder_fusion")
    model = try golden.model()
    classifiers = ModalityClassifiers(model, layers: golden.configuration.classifierLayers ?? 0)
    var weights: [String: Tensor] = [:]
    for entry in golden.file.entries where entry.name.hasPrefix("classifier.weights.") {
      weights[String(entry.name.dropFirst("classifier.weights.".count))] = try golden.tensor(entry.name)
    }
    try classifiers.load(weights)
  }

  var names: [String] { golden.configuration.modalities.map(\.name) }

  @Test func outputsLossAndGradients() throws {
    let output = model(try golden.inputs, encodings: true)
    let readings = classifiers(output.encoded)
    let target = try golden.tensor("target")
    for (name, reading) in zip(names, readings) {
      expectClose(reading.prediction, try golden.tensor("classifier.prediction.\(name)"), 1e-5, name)
    }
    let loss = readings.map { TaskLoss(golden.configuration.task)($0.prediction, target) }
    let total = loss.dropFirst().reduce(loss[0], +)
    expectClose(total.reshaped(1), try golden.tensor("classifier.loss"), 1e-5, "loss")
    total.backward()
    for (key, stored) in classifiers.parameters() {
      let gradient = try #require(stored.tensor?.gradient, "no gradient for \(key)")
      expectClose(gradient, try golden.tensor("classifier.grad.\(key)"), 1e-4, "gradient of \(key)")
    }
    // The classifiers give the model no gradient.
    for (key, stored) in model.backbone.parameters() { #expect(stored.tensor?.gradient == nil, "\(key)") }
  }

  @Test func headGradientsAndTheirCosines() throws {
    let expected = try SafetensorsFile(path: fixture("golden/gradient_cosine.safetensors"))
    let output = model(try golden.inputs, encodings: true)
    let target = try golden.tensor("target")
    let loss = TaskLoss(golden.configuration.task)
    let fusion = HeadGradient.weight(output.features, loss.gradient(output.prediction, target))
    expectClose(fusion, try expected.tensor("fusion_grad"), 1e-4, "fusion")
    let own = classifiers(output.encoded).map { HeadGradient.weight($0.features, loss.gradient($0.prediction, target)) }
    for (name, gradient) in zip(names, own) {
      expectClose(gradient, try expected.tensor("classifier_grad.\(name)"), 1e-4, name)
    }
    expectClose(HeadGradient.cosines(fusion, .stacked(own)), try expected.tensor("cosine"), 1e-4, "cosines")
  }
}
