import Polyphony
import Testing
import Torch

/// The closed form of the head's gradient agrees with autograd, and the direction term's gradient with finite
/// differences.
@Suite struct HeadGradientTests {
  static let forms: [TaskLoss.Form] = [.crossEntropy, .absolute, .squared]

  static func loss(_ form: TaskLoss.Form) throws -> (TaskLoss, PredictionTask.Kind) {
    let kind: PredictionTask.Kind = form == .crossEntropy ? .classification : .regression
    return (try TaskLoss(form, for: PredictionTask(kind: kind, classes: kind == .regression ? nil : 3)), kind)
  }

  @Test(arguments: ["late_fusion", "early_fusion", "encoder_fusion", "mult"], forms)
  func closedFormIsAutograds(architecture: String, form: TaskLoss.Form) throws {
    let (loss, kind) = try Self.loss(form)
    let configuration = Tiny.configuration(architecture, kind)
    let model = try Tiny.model(configuration)
    let batch = Tiny.batch(configuration)
    let output = model(batch.inputs, encodings: true)
    let value = loss(output.prediction, batch.target)
    let weight = model.backbone.outputLayer.weight
    let expected = try #require(value.gradients(with: [weight])[0])
    expectClose(
      HeadGradient.weight(output.features, loss.gradient(output.prediction, batch.target)), expected, 1e-5, architecture
    )
  }

  @Test(arguments: [TaskLoss.Form.dice, .crossEntropy])
  func closedFormIsAutogradsForMaps(form: TaskLoss.Form) throws {
    let configuration = Tiny.configuration("deeplab_v3plus", .segmentation, modalities: 2)
    let model = try Tiny.model(configuration)
    let batch = Tiny.batch(configuration, count: 3)
    let loss = try TaskLoss(form, for: configuration.task, classWeights: [0.4, 0.1, 0.2, 0.3])
    let output = model(batch.inputs, encodings: true)
    #expect(output.prediction.shape == [3, 4, 32, 32])
    let value = loss(output.prediction, batch.target)
    let expected = value.gradients(with: [model.backbone.outputLayer.weight, output.prediction])
    let delta = loss.gradient(output.prediction, batch.target)
    expectClose(delta, try #require(expected[1]), 1e-4, "∂L/∂ŷ")
    expectClose(HeadGradient.weight(output.features, delta), try #require(expected[0]), 1e-4, "∂L/∂W")
  }

  /// The gradient of L_gm in the head's features, in f64, agrees with central differences.
  @Test(arguments: forms, [4, 12])
  func directionTermHasTheGradientOfFiniteDifferences(form: TaskLoss.Form, width: Int) throws {
    let (loss, kind) = try Self.loss(form)
    let outputs = kind == .regression ? 1 : 3
    let generator = Generator(seed: 11)
    func draw(_ shape: [Int]) -> Tensor { Tensor.normal(shape, generator: generator).to(.float64) }
    let (weight, bias) = (draw([outputs, width]), draw([outputs]))
    // Three modalities are side by side in a head of width 12.
    let own = draw([3, outputs, 4])
    let target =
      kind == .regression ? draw([5, 1]) : Tensor([0, 2, 1, 1, 0])
    let terms = [0.4, 1.5, 1.1]
    func term(_ features: Tensor) -> Tensor {
      let delta = loss.gradient(features.linear(weight, bias), target)
      return ClassifierGuidedModulation.direction(
        terms, HeadGradient.cosines(HeadGradient.weight(features, delta), own))
    }
    let features = draw([5, width]).requiringGradient()
    let gradient = try #require(term(features).gradients(with: [features])[0]).doubles
    #expect(gradient.contains { abs($0) > 1e-4 })
    let values = features.doubles
    let h = 1e-6
    for place in values.indices {
      func moved(_ by: Double) -> Double {
        var changed = values
        changed[place] += by
        return noGrad { term(Tensor(changed, shape: [5, width])).item }
      }
      let difference = (moved(h) - moved(-h)) / (2 * h)
      #expect(abs(difference - gradient[place]) < 1e-7, "\(place): \(gradient[place]) against \(difference)")
    }
  }

  /// The same test through a whole model, along its gradient.
  @Test(arguments: forms)
  func directionTermReachesTheEncoders(form: TaskLoss.Form) throws {
    let (loss, kind) = try Self.loss(form)
    var configuration = Tiny.configuration("encoder_fusion", kind)
    configuration.dropout = .init()
    let model = try Tiny.model(configuration)
    model.move(to: .cpu, dtype: .float64)
    var batch = Tiny.batch(configuration)
    batch.inputs.modalities = batch.inputs.modalities.map { $0.to(.float64) }
    if kind == .regression { batch.target = batch.target.to(.float64) }
    let own = Tensor.normal([3, configuration.task.outputs, 8], generator: Generator(seed: 1)).to(.float64)
    func term() -> Tensor {
      let output = model(batch.inputs)
      let delta = loss.gradient(output.prediction, batch.target)
      return ClassifierGuidedModulation.direction(
        [0.5, 1, 1.5], HeadGradient.cosines(HeadGradient.weight(output.features, delta), own))
    }
    let parameter = try #require(model.backbone.parameters().first { $0.key == "encoders.1.layers.0.fc1.weight" })
    let tensor = try #require(parameter.storage.tensor)
    let gradient = try #require(term().gradients(with: [tensor])[0])
    let squared = gradient.squared().sum().item
    #expect(squared > 1e-12)
    let h = 1e-5 / squared.squareRoot()
    func moved(_ by: Double) -> Double {
      noGrad {
        tensor.addInPlace(gradient, scale: by)
        defer { tensor.addInPlace(gradient, scale: -by) }
        return term().item
      }
    }
    let slope = (moved(h) - moved(-h)) / (2 * h)
    #expect(abs(slope / squared - 1) < 1e-4, "\(slope) against \(squared)")
  }
}
