import Testing
import Torch

@Suite struct EmbeddingTests {
  /// A gradient that an optimiser holds gets the same bits as one that the backward pass makes.
  @Test(arguments: [nil, 2] as [Int?])
  func aHeldGradientGetsTheSameBits(padding: Int?) throws {
    let samples = Samples(21)
    let numbers = Tensor([3, 0, 3, 2, 5, 3, 0, 2], shape: [2, 4])
    let (own, wanted) = (samples.normal(7, 16), samples.normal(2, 4, 16))
    func gradient(held: Bool) throws -> Tensor {
      let table = Embedding(7, 16, padding: padding)
      table.weight = own.copy().requiringGradient()
      let block = FlatParameters(held ? table.parameters() : [])
      (table(numbers) * wanted).sum().backward()
      if held { #expect(block.gradients.abs().sum().item > 0) }
      return try #require(table.weight.gradient)
    }
    let (made, held) = (try gradient(held: false), try gradient(held: true))
    #expect(held.shape == made.shape && held.floats == made.floats)
    #expect(made[1].abs().sum().item == 0 && (made[2].abs().sum().item == 0) == (padding == 2))
  }
}
