import Testing
import Torch

@Suite struct ModuleStateTests {
  /// Makes a state with other numbers than a new module's.
  private func state() -> [String: Tensor] {
    var counter = 0.0
    return Dictionary(
      uniqueKeysWithValues: Everything().state().map { key, tensor in
        counter += 1
        return (key, Tensor.full(tensor.shape, counter, dtype: tensor.dtype))
      })
  }

  private func values(_ module: Module) -> [[Double]] { module.state().map(\.tensor.doubles) }

  @Test func whatWasSavedIsLoaded() throws {
    let (module, state) = (Everything(), state())
    let tensors = module.parameters().map { $0.storage.tensor! }
    try module.load(state)
    for (key, tensor) in module.state() { #expect(tensor.doubles == state[key]?.doubles, "\(key)") }
    #expect(zip(module.parameters(), tensors).allSatisfy { $0.storage.tensor === $1 }, "the tensors stay")
    #expect(tensors.allSatisfy { $0.requiresGradient })
  }

  @Test func theStateIsTheModulesOwnMemory() {
    let module = Linear(1, 1)
    let state = module.state()
    #expect(state.allSatisfy { !$0.tensor.requiresGradient })
    noGrad { module.weight.fillInPlace(7) }
    #expect(state[0].tensor.item == 7)
  }

  @Test func elementTypesAreConverted() throws {
    let module = Linear(2, 1, bias: false)
    try module.load(["weight": Tensor([0.5, 2], shape: [1, 2])])
    #expect(module.weight.dtype == .float32)
    #expect(module.weight.floats == [0.5, 2])
  }

  @Test(arguments: [
    (
      "missing", "list.1.bias", "the model needs a tensor that the file lacks", "15 tensors, none of that name",
      "float32[2]"
    ),
    (
      "unknown", "zzz", "the file holds a tensor that the model has no place for", "float32[1]",
      "only keys of the model"
    ),
    ("shape", "first.weight", "a tensor has another shape than the model's", "[2, 1]", "[1, 2]"),
    ("rank", "heads.audio.num_batches_tracked", "a tensor has another shape than the model's", "[1]", "[]"),
  ])
  func whatDoesNotFitIsRefusedAndTheModuleStays(
    change: String, key: String, problem: String, found: String, expected: String
  ) {
    let module = Everything()
    let before = values(module)
    var state = state()
    switch change {
    case "missing": state[key] = nil
    case "unknown": state[key] = .zeros([1])
    case "shape": state[key] = .zeros([2, 1])
    default: state[key] = .zeros([1])
    }
    let fault = #expect(throws: Fault.self) { try module.load(state, file: "f") }
    #expect(fault?.kind == .badData)
    #expect(fault?.problem == problem)
    #expect(fault?.key == key)
    #expect(fault?.file == "f")
    #expect(fault?.found == found)
    #expect(fault?.expected == expected)
    #expect(fault?.remedy != nil)
    #expect(values(module) == before)
  }

  @Test func partsOfAState() throws {
    let module = Everything()
    let before = module.state().map(\.tensor.doubles)
    try module.load(["offset": Tensor([5.0, 6, 7])], partial: true)
    for (index, (key, tensor)) in module.state().enumerated() {
      #expect(tensor.doubles == (key == "offset" ? [5, 6, 7] : before[index]), "\(key)")
    }
    #expect(throws: Fault.self) { try module.load(["unknown": .zeros([1])], partial: true) }
    #expect(throws: Fault.self) { try module.load(["offset": .zeros([4])], partial: true) }
  }

  @Test func renamedKeys() throws {
    let module = Linear(1, 1)
    let tensors = ["encoder.weight": Tensor([Float(3)], shape: [1, 1]), "encoder.bias": Tensor([Float(4)])]
    try module.load(tensors) { "encoder.\($0)" }
    #expect(module.weight.item == 3)
    #expect(module.bias?.item == 4)
    let fault = #expect(throws: Fault.self) { try module.load(tensors) { "decoder.\($0)" } }
    #expect(fault?.key == "decoder.weight")
    // Two parameters may take the same tensor.
    let norm = LayerNorm(2)
    try norm.load(["both": Tensor([Float(1), 2])]) { _ in "both" }
    #expect(norm.weight.floats == norm.bias.floats)
  }

  @Test func aModuleWithoutParameters() throws {
    try Module().load([:])
    #expect(Module().state().isEmpty)
    #expect(throws: Fault.self) { try Module().load(["x": .zeros([1])]) }
  }
}
