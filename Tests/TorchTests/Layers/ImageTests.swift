import Testing
import Torch

@Suite struct ImageTests {
  // Corners are never aligned here.
  @Test(arguments: Fixture("image").cases.filter { !$0.flag("align_corners") })
  func agreesWithPyTorch(fixture: FixtureCase) {
    let input = fixture.leaf("input")!
    let output =
      switch fixture.name {
      case "max_pool2d": input.maxPool2d(kernel: 3, stride: 2, padding: 1)
      case "adaptive_avg_pool2d": input.averagePool2d(to: [1, 1])
      default: input.upsampledBilinear(to: Array(fixture["output"].shape.suffix(2)))
      }
    fixture.check(output, ["input": input])
  }
}
