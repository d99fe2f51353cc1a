import Testing
import Torch

@Suite struct LossTests {
  @Test(arguments: Fixture("loss").cases)
  func agreesWithPyTorch(fixture: FixtureCase) throws {
    let input = fixture.leaf("input")!
    let target = fixture["target"]
    let loss: Tensor
    switch fixture.name.split(separator: ".")[0] {
    case "cross_entropy": loss = input.crossEntropy(target, weights: fixture.has("weight") ? fixture["weight"] : nil)
    case "l1": loss = input.absoluteError(target)
    case "mse": loss = input.squaredError(target)
    default: loss = input.smoothAbsoluteError(target, beta: try #require(fixture.number("beta")))
    }
    fixture.check(loss, ["input": input])
  }

  @Test func reductions() {
    let (x, y) = (Tensor([1.0, 4]), Tensor([3.0, 3]))
    #expect(x.absoluteError(y, reduction: .none).doubles == [2, 1])
    #expect(x.absoluteError(y, reduction: .sum).item == 3)
    #expect(x.squaredError(y, reduction: .none).doubles == [4, 1])
    #expect(x.squaredError(y).item == 2.5)
    #expect(x.smoothAbsoluteError(y, reduction: .none).doubles == [1.5, 0.5])
    let (logits, classes) = (Tensor([0.0, 0, 0, 0], shape: [2, 2]), Tensor([0, 1]))
    expectClose(logits.crossEntropy(classes, reduction: .none).doubles, [0.6931471805599453, 0.6931471805599453])
    expectClose([logits.crossEntropy(classes, reduction: .sum).item], [1.3862943611198906])
  }

  /// libtorch ignores targets of −100.
  @Test func ignoredTargets() {
    let samples = Samples(4, .float64)
    let logits = samples.normal(3, 4)
    let all = logits[0..<2].crossEntropy(Tensor([1, 3]))
    #expect(logits.crossEntropy(Tensor([1, 3, -100])).item == all.item)
  }

  @Test func largeLogitsStayFinite() {
    let logits = Tensor([1e4, -1e4, 0] as [Float], shape: [1, 3]).requiringGradient()
    let loss = logits.crossEntropy(Tensor([1]))
    loss.backward()
    #expect(loss.item == 2e4)
    #expect(logits.gradient?.floats == [1, -1, 0])
  }
}
