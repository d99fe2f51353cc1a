import Testing
import Torch

@Suite struct ImageTests {
  // The library never aligns corners.
  @Test(arguments: Fixture("image").cases.filter { !$0.flag("align_corners") })
  func agreesWithPyTorch(fixture: FixtureCase) {
    let input = fixture.leaf("input")!
    let output =
      switch fixture.name {
      case "max_pool2d": input.maxPool2d(kernel: 3, stride: 2, padding: 1)
      case "adaptive_avg_pool2d": input.averagePool2d(to: [1, 1])
      case "affine.bilinear": input.resampled(by: fixture["maps"])
      case "affine.nearest": input.resampled(by: fixture["maps"], nearest: true)
      case let name where name.hasPrefix("trilinear"):
        input.upsampledTrilinear(to: Array(fixture["output"].shape.suffix(3)))
      default: input.upsampledBilinear(to: Array(fixture["output"].shape.suffix(2)))
      }
    fixture.check(output, ["input": input])
  }

  /// The backward pass gives Uᵀ with ⟨U x, y⟩ = ⟨x, Uᵀ y⟩.
  @Test func transposedUpsampling() {
    let samples = Samples(25, .float64)
    let (x, y) = (samples.leaf(2, 3, 4, 5), samples.normal(2, 3, 7, 9))
    let product = (x.upsampledBilinear(to: [7, 9]) * y).sum()
    let transposed = y.upsampledBilinearTransposed(to: [4, 5])
    expectClose((x * transposed).sum(), product, relative: 1e-12)
    expectClose(product.gradients(with: [x])[0]!, transposed, relative: 1e-12)
  }
}
