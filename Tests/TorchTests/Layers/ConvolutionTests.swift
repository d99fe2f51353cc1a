import Testing
import Torch

@Suite struct ConvolutionTests {
  // The tolerance 2e-6 is that of sums of up to 45 products, in another order than PyTorch's recording thread.
  @Test(arguments: Fixture("convolution").cases("conv"))
  func agreesWithPyTorch(fixture: FixtureCase) {
    let input = fixture.leaf("input")!
    let (weight, bias) = (fixture.leaf("weight")!, fixture.leaf("bias"))
    let groups = fixture.integer("groups") ?? 1
    let (stride, padding) = (fixture.integer("stride") ?? 1, fixture.integer("padding") ?? 0)
    let (outputs, inputs, kernel) = (weight.size(0), weight.size(1) * groups, weight.size(2))
    let dilation = fixture.integer("dilation") ?? 1
    let output: Tensor
    if fixture.integer("dimensions") == 1 {
      let layer = Conv1d(
        inputs, outputs, kernel: kernel, stride: stride, padding: padding, dilation: dilation, groups: groups,
        bias: bias != nil)
      #expect(layer.weight.shape == weight.shape)
      #expect(layer.bias?.shape == bias?.shape)
      (layer.weight, layer.bias) = (weight, bias)
      output = layer(input)
    } else {
      let layer =
        fixture.integer("dimensions") == 3
        ? Convolution(axes: 3, inputs, outputs, kernel: kernel, stride: stride, padding: padding, bias: bias != nil)
        : Conv2d(
          inputs, outputs, kernel: kernel, stride: stride, padding: padding, dilation: dilation, groups: groups,
          bias: bias != nil)
      #expect(layer.weight.shape == weight.shape)
      #expect(layer.bias?.shape == bias?.shape)
      (layer.weight, layer.bias) = (weight, bias)
      output = layer(input)
    }
    fixture.check(output, ["input": input, "weight": weight, "bias": bias], values: 2e-6)
  }

  @Test(arguments: Fixture("convolution").cases("conv1d.kernel1"))
  func pointwiseIsTheSameOverTransposedSequences(fixture: FixtureCase) {
    let weight = fixture["weight"]
    let layer = Conv1d(weight.size(1), weight.size(0), bias: fixture.has("bias"))
    layer.weight = weight
    if fixture.has("bias") { layer.bias = fixture["bias"] }
    let input = fixture.leaf("input")!
    let output = layer.pointwise(input.transposed(1, 2)).transposed(1, 2)
    fixture.check(output, ["input": input, "weight": layer.weight, "bias": layer.bias])
  }

  @Test(arguments: [2, 3]) func transposedAgreesWithPyTorch(axes: Int) {
    let fixture = Fixture("convolution")["transposed\(axes)d.kernel2"]
    let layer = ConvolutionTranspose(axes: axes, 3, 4, kernel: 2)
    #expect(layer.weight.shape == fixture["weight"].shape)
    (layer.weight, layer.bias) = (fixture.leaf("weight")!, fixture.leaf("bias")!)
    let input = fixture.leaf("input")!
    fixture.check(layer(input), ["input": input, "weight": layer.weight, "bias": layer.bias], values: 2e-6)
  }

  @Test func gradientsOfAnImage() {
    let samples = Samples(2, .float64)
    let layer = Conv2d(2, 4, kernel: 3, stride: 2, padding: 2, dilation: 2, groups: 2)
    samples.fill(layer)
    let input = samples.leaf(2, 2, 5, 4)
    let probe = samples.normal(layer(input).count)
    expectGradients(of: layer.leaves + [("input", input)]) { (layer(input).reshaped(-1) * probe).sum() }
  }
}
