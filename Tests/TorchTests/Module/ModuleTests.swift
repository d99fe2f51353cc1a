import Testing
import Torch

@Suite struct ModuleTests {
  @Test func keysFollowDeclaration() {
    #expect(Everything().state().map(\.key) == Everything.keys)
    #expect(EvenMore().state().map(\.key) == Everything.keys + ["extra"])
    #expect(Everything().storage("model").map(\.key) == Everything.keys.map { "model.\($0)" })
    #expect(
      Everything().children.map(\.key) == ["first", "list.0", "list.1", "heads.text", "heads.audio", ""])
  }

  @Test func parametersAreWhatIsTrained() {
    let module = Everything()
    let buffers: Set = [
      "running", "heads.audio.running_mean", "heads.audio.running_var", "heads.audio.num_batches_tracked",
    ]
    #expect(module.parameters().map(\.key) == Everything.keys.filter { !buffers.contains($0) })
    #expect(module.parameters().allSatisfy { $0.storage.tensor!.requiresGradient })
    #expect(module.storage().allSatisfy { buffers.contains($0.key) != $0.storage.tensor!.requiresGradient })
    #expect(module.parameterCount == (total: 24, trainable: 24))
  }

  @Test func freezing() {
    let module = Everything()
    module.freeze()
    #expect(module.trainableParameters().isEmpty)
    #expect(module.parameterCount == (total: 24, trainable: 0))
    module.unfreeze { $0.hasPrefix("list.") }
    #expect(module.trainableParameters().map(\.key) == ["list.0.weight", "list.1.weight", "list.1.bias"])
    module.freeze { $0.hasSuffix("bias") }
    #expect(module.trainableParameters().map(\.key) == ["list.0.weight", "list.1.weight"])
    #expect(module.parameterCount == (total: 24, trainable: 3))
    module.unfreeze()
    #expect(module.parameterCount == (total: 24, trainable: 24))
    #expect(!module.average.requiresGradient)
  }

  @Test func trainReachesEveryModule() {
    let module = Everything()
    let all = [module, module.first, module.layers[1], module.heads["audio"]!, module.inlined] as [Module]
    #expect(all.allSatisfy { $0.isTraining })
    module.train(false)
    #expect(!all.contains { $0.isTraining })
    module.layers[0].train()
    #expect(module.layers[0].isTraining)
    #expect(!module.layers[1].isTraining)
    module.train()
    #expect(all.allSatisfy { $0.isTraining })
  }

  @Test func aReparametrizationIsSeenByTheLayerAlone() {
    let layer = Linear(2, 1, bias: false)
    layer.weight = Tensor([1, 2] as [Float], shape: [1, 2])
    let change = Tensor([Float(10)]).requiringGradient()
    layer.$weight.reparametrization = { $0 + change }
    let x = Tensor.ones([1, 2])
    let output = layer(x)
    #expect(output.item == 23)
    #expect(layer.weight.floats == [11, 12])
    #expect(layer.state()[0].tensor.floats == [1, 2])
    #expect(layer.parameters()[0].storage.tensor?.floats == [1, 2])
    output.sum().backward()
    #expect(change.gradient?.floats == [2])
    #expect(layer.parameters()[0].storage.tensor?.gradient?.floats == [1, 1])
    layer.$weight.reparametrization = nil
    #expect(layer(x).item == 3)
  }

  /// The fused kernels use a reparametrization too.
  @Test func aReparametrizationReachesAnEncoder() {
    let samples = Samples(21, .float64)
    let layer = TransformerEncoderLayer(width: 4, heads: 2)
    samples.fill(layer)
    let (x, down, up) = (samples.normal(1, 3, 4), samples.leaf(2, 4), samples.leaf(4, 2))
    let before = layer(x)
    layer.fc2.$weight.reparametrization = {
      $0 + up.matmul(.zeros([2, 16], dtype: .float64)) + up.matmul(down).padded([0, 12])
    }
    #expect((layer(x) - before).norm().item > 0.1)
    let probe = samples.normal(1, 3, 4)
    expectGradients(of: layer.leaves + [("down", down), ("up", up)]) { (layer(x) * probe).sum() }
  }

  @Test func moving() {
    let module = Everything()
    module.freeze { $0 == "W" }
    module.offset!.gradient = .ones([3])
    module.move(to: .cpu, dtype: .float64)
    #expect(module.weight.dtype == .float64)
    #expect(!module.weight.requiresGradient)
    #expect(module.offset!.requiresGradient)
    #expect(module.offset!.isLeaf)
    #expect(module.average.dtype == .float64)
    #expect((module.heads["audio"] as? BatchNorm2d)?.batchCount.dtype == .int64)
    #expect(module.first(Tensor.ones([1, 2], dtype: .float64)).dtype == .float64)
  }

  /// A tensor on the right device stays the same object, with its gradient and its place in an optimiser's block.
  @Test func movingToWhereItIsChangesNothing() {
    let module = Linear(2, 2)
    let flat = FlatParameters(module.parameters())
    let tensors = module.parameters().map { $0.storage.tensor! }
    module.move(to: .cpu)
    module.move(to: .cpu, dtype: .float32)
    #expect(zip(module.parameters(), tensors).allSatisfy { $0.storage.tensor === $1 })
    module(.ones([1, 2])).sum().backward()
    #expect(flat.gradients.floats == [1, 1, 1, 1, 1, 1])
  }

  @Test func gradientsAreDropped() {
    let module = Linear(2, 2)
    module(.ones([1, 2])).sum().backward()
    module.clearGradients()
    #expect(module.parameters().allSatisfy { $0.storage.tensor!.gradient == nil })
  }

  @Test func namedModulesKeepTheirOrder() {
    var modules = NamedModules()
    let (first, second, third) = (Linear(1, 1), Linear(1, 2), LayerNorm(3))
    modules["b"] = first
    modules["a"] = second
    modules["c"] = third
    #expect(modules.entries.map(\.key) == ["b", "a", "c"])
    modules["b"] = third
    #expect(modules.entries.map(\.key) == ["b", "a", "c"])
    #expect(modules["b"] === third)
    modules["a"] = nil
    #expect(modules.entries.map(\.key) == ["b", "c"])
    #expect(modules["a"] == nil)
    modules["none"] = nil
    #expect(modules.entries.count == 2)
  }
}
