import Testing
import Torch

/// The kernel that standardises features, against the two operators in its place.
@Suite struct StandardiseTests {
  /// One feature, no samples, sizes that no vector divides, and enough numbers for several threads.
  @Test(arguments: [[1, 1], [0, 3], [5, 7], [2, 3, 35], [3, 50, 768]])
  func hasTheBitsOfTheOperators(shape: [Int]) throws {
    let samples = Generator(seed: 5)
    func drawn(_ shape: [Int]) -> Tensor { .normal(shape, generator: samples) }
    let (x, mean, deviation) = (drawn(shape) * 40, drawn([shape.last!]), drawn([shape.last!]).exp())
    let found = try #require(Fused.standardised(x, mean: mean, deviation: deviation))
    #expect(found.shape == shape && found.floats == ((x - mean) / deviation).floats)
  }

  /// The features of a part of a tensor need not lie side by side.
  @Test func takesPartsOfTensors() throws {
    let part = Tensor.normal([4, 6], generator: Generator(seed: 6)).slice(1, 1, 4)
    let (mean, deviation) = (Tensor([1, 2, 3] as [Float]), Tensor([2, 3, 4] as [Float]))
    let found = try #require(Fused.standardised(part, mean: mean, deviation: deviation))
    #expect(found.floats == ((part - mean) / deviation).floats)
  }

  @Test func servesNoGradientsAndNoOtherTypes() {
    let (x, one) = (Tensor.normal([4, 3]), Tensor.ones([3]))
    #expect(Fused.standardised(x.to(.float64), mean: one, deviation: one) == nil)
    #expect(Fused.standardised(x, mean: one.to(.float64), deviation: one) == nil)
    #expect(Fused.standardised(Tensor.normal([4, 3]).requiringGradient(), mean: one, deviation: one) == nil)
  }
}
