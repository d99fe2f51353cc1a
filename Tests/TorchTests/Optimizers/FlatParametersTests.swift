import Testing
import Torch

@Suite struct FlatParametersTests {
  @Test func parametersAreViewsOfOneBlock() {
    let module = Linear(2, 2)
    let (weight, bias) = (module.weight.floats, module.bias!.floats)
    let flat = FlatParameters(module.parameters())
    #expect(flat.members.map(\.key) == ["weight", "bias"])
    #expect(flat.values.floats == weight + bias)
    #expect(flat.gradients.floats == [0, 0, 0, 0, 0, 0])
    #expect(module.weight.shape == [2, 2])
    #expect(module.weight.isLeaf && module.weight.requiresGradient)
    flat.values.fillInPlace(3)
    #expect(module.weight.floats == [3, 3, 3, 3])
    noGrad { module.bias!.fillInPlace(4) }
    #expect(flat.values.floats == [3, 3, 3, 3, 4, 4])
    #expect(module(.ones([1, 2])).floats == [10, 10])
  }

  @Test func gradientsAddUpInTheBlock() {
    let module = Linear(2, 2)
    let flat = FlatParameters(module.parameters())
    let x = Tensor([1, 2] as [Float], shape: [1, 2])
    for times in 1...3 {
      module(x).sum().backward()
      let n = Float(times)
      #expect(flat.gradients.floats == [n, 2 * n, n, 2 * n, n, n])
    }
    #expect(module.bias!.gradient!.floats == [3, 3])
    flat.zeroGradients()
    #expect(module.weight.gradient!.floats == [0, 0, 0, 0])
    module(x).sum().backward()
    #expect(flat.gradients.floats == [1, 2, 1, 2, 1, 1])
  }

  /// Gradients come from fused kernels, convolutions, a parameter used twice, and a seed.
  @Test func noLayerTakesItsGradientElsewhere() {
    let samples = Samples(22)
    let encoder = TransformerEncoder(width: 4, heads: 2, layers: 2)
    let convolution = Conv1d(4, 4, kernel: 3, padding: 1)
    samples.fill(encoder)
    let members = encoder.parameters() + convolution.parameters().map { ("conv.\($0.key)", $0.storage) }
    let flat = FlatParameters(members)
    let x = samples.normal(2, 3, 4)
    func run() -> Tensor { encoder(convolution(x.transposed()).transposed()) + encoder(x) }
    let probe = samples.normal(2, 3, 4)
    let expected = (run() * probe).sum().gradients(with: members.map { $0.storage.tensor! })
    run().backward(probe)
    let block = flat.gradients.split(members.map { $0.storage.tensor!.count })
    for ((key, storage), (part, gradient)) in zip(members, zip(block, expected)) {
      expectClose(part, gradient!.view(-1), relative: 1e-4, key)
      #expect(storage.tensor!.gradient!.floats == part.floats, "\(key)")
    }
  }

  @Test func aStateIsLoadedIntoTheBlock() throws {
    let module = Linear(1, 1)
    let flat = FlatParameters(module.parameters())
    try module.load(["weight": Tensor([5.0], shape: [1, 1]), "bias": Tensor([6.0])])
    #expect(flat.values.floats == [5, 6])
  }

  @Test func none() {
    let flat = FlatParameters([])
    #expect(flat.values.count == 0)
    flat.zeroGradients()
  }

  /// Compares with PyTorch's `clip_grad_norm_` over two parameters, in one block and in two.
  @Test(arguments: Fixture("clip").cases, [1, 2])
  func clippingAgreesWithPyTorch(fixture: FixtureCase, count: Int) {
    final class Two: Module {
      @Parameter var first: Tensor
      @Parameter var second: Tensor
      override init() {
        super.init()
        (first, second) = (.zeros([4]), .zeros([2, 3]))
      }
    }
    let module = Two()
    let members = module.parameters()
    let optimizer = SGD(
      (count == 1 ? [members] : members.map { [$0] }).map { ParameterGroup("all", $0, learningRate: 1) })
    for (index, (_, stored)) in members.enumerated() {
      stored.tensor!.gradient!.copyInPlace(from: fixture["before.\(index)"])
    }
    let norm = optimizer.clipGradients(norm: fixture.number("max_norm")!)
    expectClose(norm, fixture["norm"])
    for (index, (_, stored)) in members.enumerated() {
      expectClose(stored.tensor!.gradient!, fixture["after.\(index)"], "gradient \(index)")
    }
  }
}
