import Testing
import Torch

@Suite struct PostNormTests {
  /// Rows below and above a piece of 512, on one thread and on several, against the single operators in f64.
  @Test(arguments: [(1, 16, 48), (37, 48, 80), (700, 64, 256)])
  func agreesWithTheSingleOperators(rows: Int, width: Int, inner: Int) throws {
    let samples = Samples(11)
    let layers = (Linear(width, width), Linear(width, inner), Linear(inner, width), LayerNorm(width, epsilon: 1e-12))
    for module in [layers.0, layers.1, layers.2, layers.3] as [Module] { samples.fill(module, scale: 0.3) }
    let (x, y) = (samples.normal(rows, width), samples.normal(rows, width))
    let (sum, found) = try noGrad {
      (
        try #require(Fused.residualNorm(x, y, layers.0, layers.3)),
        try #require(Fused.feedForwardNorm(x, layers.1, layers.2, layers.3))
      )
    }
    for module in [layers.0, layers.1, layers.2, layers.3] as [Module] { module.move(to: .cpu, dtype: .float64) }
    let wide = x.to(.float64)
    let expectedSum = layers.3(wide + layers.0(y.to(.float64)))
    let expected = layers.3(wide + layers.2(layers.1(wide).gelu()))
    expectClose(sum, expectedSum.to(.float32), relative: 2e-6, "residual")
    expectClose(found, expected.to(.float32), relative: 5e-6, "feed-forward")
  }

  /// From where gelu is 0 to where it is its argument: the biases are the points, and the rows are zero.
  @Test func geluKeepsItsTails() throws {
    let points = stride(from: -14.0, to: 14, by: 0.25).map { Float($0) }
    let (first, second, norm) = (Linear(112, 112), Linear(112, 112), LayerNorm(112))
    let triangle = Tensor.ones([112, 112]).upperTriangle()
    noGrad {
      first.bias = Tensor(points)
      second.weight = triangle - triangle.upperTriangle(1)
      second.bias = .zeros([112])
    }
    let found = try noGrad { try #require(Fused.feedForwardNorm(.zeros([1, 112]), first, second, norm)) }
    expectClose(found, noGrad { norm(Tensor(points).gelu()).unsqueezed(0) }, relative: 5e-7)
  }

  @Test func servesNoGradientsAndNoOtherWidths() {
    let (layer, norm) = (Linear(24, 24), LayerNorm(24))
    let x = Tensor.normal([4, 24])
    #expect(noGrad { Fused.residualNorm(x, x, layer, norm) } == nil)
    let (wide, wideNorm, rows) = (Linear(32, 32), LayerNorm(32), Tensor.normal([4, 32]))
    #expect(Fused.residualNorm(rows, rows, wide, wideNorm) == nil)
    #expect(noGrad { Fused.residualNorm(rows, rows, wide, wideNorm) } != nil)
    #expect(noGrad { Fused.feedForwardNorm(rows.to(.float64), wide, wide, wideNorm) } == nil)
  }
}
