import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// The starved set has a strong modality that is linear, and a slow one that is a product.
@Suite struct SyntheticStarvationTests {
  private let splits: [DatasetWriter.Split]

  init() throws { splits = try SyntheticStarvation().make() }

  /// The accuracy of a ridge regression of the sign of the class on `fit`, scored on `rest`.
  private func accuracy(
    _ fit: (x: Tensor, y: Tensor), _ rest: (x: Tensor, y: Tensor), _ features: (Tensor) -> Tensor
  ) -> Double {
    func signs(_ y: Tensor) -> Tensor { (y.to(.float64) * 2 - 1).unsqueezed(1) }
    let (x, held) = (features(fit.x.to(.float64)), features(rest.x.to(.float64)))
    let gram = x.transposed(0, 1).matmul(x) + Tensor.range(x.size(1)).oneHot(x.size(1)).to(.float64) * 30
    let weights = gram.solved(x.transposed(0, 1).matmul(signs(fit.y)))
    return (held.matmul(weights) * signs(rest.y) .> 0).to(.float64).mean().item
  }

  /// The samples of a split in one modality.
  private func samples(_ part: Int, _ modality: Int) throws -> (x: Tensor, y: Tensor) {
    let split = splits[part]
    return (split.inputs.modalities[modality], try #require(split.target))
  }

  @Test func sizesAndClasses() throws {
    #expect(splits.map(\.name) == ["train", "valid", "test"])
    #expect(splits.map(\.inputs.count) == [800, 500, 2000])
    #expect(splits[0].inputs.modalities.map { $0.size(1) } == [200, 30])
    let share = try samples(2, 0).y.to(.float64).mean().item
    #expect(abs(share - 0.5) < 0.05)
    #expect(throws: Fault.self) { try SyntheticStarvation(samples: 32).make() }
  }

  @Test func aLinearMapReadsTheStrongModalityAlone() throws {
    let strong = accuracy(try samples(0, 0), try samples(2, 0)) { $0 }
    #expect((0.85..<0.96).contains(strong))
    // Three standard errors of 2000 samples are 0.034.
    #expect(abs(accuracy(try samples(0, 1), try samples(2, 1)) { $0 } - 0.5) < 0.034)
  }

  @Test func productsReadTheSlowModality() throws {
    func products(_ x: Tensor) -> Tensor { (x.unsqueezed(2) * x.unsqueezed(1)).flattened(1, 2) }
    #expect(accuracy(try samples(2, 1), try samples(0, 1), products) > 0.95)
    #expect(accuracy(try samples(2, 0), try samples(0, 0)) { products($0.slice(1, 0, 30)) } < 0.6)
  }

  @Test func theSetFollowsFromItsSeed() throws {
    func first(_ seed: UInt64) throws -> [Float] {
      try SyntheticStarvation(samples: 66, seed: seed).make()[0].inputs.modalities[1].floats
    }
    #expect(try first(1) == first(1))
    #expect(try first(1) != first(2))
  }
}
