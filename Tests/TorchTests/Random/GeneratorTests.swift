import Testing
import Torch

@Suite struct GeneratorTests {
  private func numbers(_ generator: Generator) -> [Float] {
    Tensor.normal([7], generator: generator).floats + Tensor.uniform([5], generator: generator).floats
  }

  @Test func theSameSeedGivesTheSameNumbers() {
    #expect(numbers(Generator(seed: 3)) == numbers(Generator(seed: 3)))
    #expect(numbers(Generator(seed: 3)) != numbers(Generator(seed: 4)))
    // The numbers are those of PyTorch's torch.randn(3, generator=…) and torch.randperm(5, generator=…), with
    // torch.Generator().manual_seed(0).
    let generator = Generator(seed: 0)
    expectClose(
      Tensor.normal([3], generator: generator).doubles,
      [1.5409960746765137, -0.293428897857666, -2.1787893772125244], relative: 1e-6)
  }

  @Test func aStateContinuesTheNumbers() throws {
    let generator = Generator(seed: 3)
    _ = numbers(generator)
    let state = generator.state
    let next = numbers(generator)
    let other = Generator(seed: 99)
    try other.restore(state)
    #expect(numbers(other) == next)
    try generator.restore(state)
    #expect(numbers(generator) == next)
    #expect(generator.permutation(10) == other.permutation(10))
  }

  @Test(
    arguments: [[], [1, 2, 3], [UInt8](repeating: 0, count: 5056), [UInt8](repeating: 255, count: 5056)] as [[UInt8]])
  func whatIsNoStateIsRefused(bytes: [UInt8]) {
    let generator = Generator(seed: 3)
    let fault = #expect(throws: Fault.self, "\(generator.state.count)") { try generator.restore(bytes) }
    #expect(fault?.kind == .badData)
    #expect(numbers(generator) == numbers(Generator(seed: 3)))
  }

  @Test func permutations() {
    let generator = Generator(seed: 1)
    let first = generator.permutation(100)
    #expect(first.sorted() == Array(0..<100))
    #expect(first != Array(0..<100))
    #expect(generator.permutation(100) != first)
    #expect(Generator(seed: 1).permutation(100) == first)
    #expect(generator.permutation(0) == [])
    #expect(generator.permutation(1) == [0])
  }

  /// The test runs in its own process, where no other test draws.
  @Test func theSeedOfTheProcess() async {
    await #expect(processExitsWith: .success) {
      let rates = DropoutRates(attention: 0.5, relu: 0.5, residual: 0.5)
      func draw() -> [Float] {
        let encoder = TransformerEncoder(width: 4, heads: 2, layers: 1, rates: rates)
        let output = encoder(.normal([2, 3, 4])).floats
        return output + Tensor.ones([50]).dropout(0.5, active: true).floats + [
          Float(Generator.standard.permutation(9)[0])
        ]
      }
      Libtorch.seed(5)
      let state = (Generator.standard.state, DropoutStream.shared.state)
      #expect(state.1 == .init(seed: 5, offset: 0))
      let first = draw()
      #expect(draw() != first)
      Libtorch.seed(5)
      #expect(draw() == first)
      try Generator.standard.restore(state.0)
      DropoutStream.shared.state = state.1
      #expect(draw() == first)
      Libtorch.seed(6)
      #expect(draw() != first)
    }
  }

  /// Draws on other threads do not move the numbers of a thread with its own generator.
  @Test func theGeneratorOfAThread() async {
    func draw() -> [Float] {
      Generator.ofThread.withValue(Generator(seed: 0)) {
        Libtorch.seed(7)
        return Tensor.normal([3]).floats + Tensor.uniform([3]).floats + [Float(Generator.standard.permutation(9)[0])]
      }
    }
    let other = Task.detached { (0..<1000).forEach { _ in _ = Tensor.normal([10]) } }
    let draws = (0..<50).map { _ in draw() }
    await other.value
    #expect(Set(draws).count == 1)
    #expect(Array(draws[0].prefix(3)) == Tensor.normal([3], generator: Generator(seed: 7)).floats)
  }
}
