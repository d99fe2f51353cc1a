import Testing
import Torch

@Suite struct NormalizationTests {
  private static let fixture = Fixture("normalization")

  @Test func layerNormAgreesWithPyTorch() {
    let fixture = Self.fixture["layer_norm"]
    let layer = LayerNorm(6)
    (layer.weight, layer.bias) = (fixture["weight"], fixture["bias"])
    let input = fixture.leaf("input")!
    fixture.check(layer(input), ["input": input, "weight": layer.weight, "bias": layer.bias])
  }

  @Test func layerNormOfConstantsIsItsBias() {
    let layer = LayerNorm(4)
    layer.bias = Tensor([1, 2, 3, 4] as [Float])
    #expect(layer(Tensor.full([2, 4], 1e6)).floats == [1, 2, 3, 4, 1, 2, 3, 4])
  }

  @Test func instanceNormAgreesWithPyTorch() {
    let fixture = Self.fixture["instance_norm2d"]
    let layer = InstanceNorm(3)
    (layer.weight, layer.bias) = (fixture.leaf("weight")!, fixture.leaf("bias")!)
    let input = fixture.leaf("input")!
    fixture.check(layer(input), ["input": input, "weight": layer.weight, "bias": layer.bias])
  }

  /// Trains two steps from given statistics, then evaluates with the result.
  @Test func batchNormAgreesWithPyTorch() {
    let layer = BatchNorm2d(3)
    for (step, name) in ["train0", "train1", "eval"].enumerated() {
      let fixture = Self.fixture["batch_norm2d.\(name)"]
      if step == 0 {
        (layer.runningMean, layer.runningVariance) = (fixture["before.running_mean"], fixture["before.running_var"])
      }
      layer.train(step < 2)
      (layer.weight, layer.bias) = (fixture["weight"], fixture["bias"])
      let input = fixture.leaf("input")!
      fixture.check(layer(input), ["input": input, "weight": layer.weight, "bias": layer.bias])
      expectClose(layer.runningMean, fixture["after.running_mean"], "running mean after \(name)")
      expectClose(layer.runningVariance, fixture["after.running_var"], "running variance after \(name)")
      #expect(layer.batchCount.integers == [min(step + 1, 2)])
    }
    #expect(layer.state().map(\.key) == ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"])
    #expect(layer.parameters().map(\.key) == ["weight", "bias"])
  }

  @Test(arguments: [true, false])
  func batchNormGradients(training: Bool) {
    let samples = Samples(3, .float64)
    let layer = BatchNorm2d(2)
    samples.fill(layer)
    layer.train(training)
    let input = samples.leaf(3, 2, 2, 2)
    let probe = samples.normal(3, 2, 2, 2)
    expectGradients(of: layer.leaves + [("input", input)]) { (layer(input) * probe).sum() }
  }

  /// A batch of one value per channel has no variance. The layer uses the running statistics, and leaves them
  /// unchanged.
  @Test func aBatchOfOneValueLeavesTheStatistics() {
    let layer = BatchNorm2d(2)
    let output = layer(Tensor([3, 4] as [Float], shape: [1, 2, 1, 1]))
    expectClose(output.doubles, [3, 4], relative: 1e-5)  // / √(1 + ε)
    #expect(layer.runningMean.floats == [0, 0])
    #expect(layer.runningVariance.floats == [1, 1])
    #expect(layer.batchCount.integers == [0])
  }
}
