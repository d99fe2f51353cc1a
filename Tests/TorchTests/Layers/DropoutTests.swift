import Testing
import Torch

@Suite struct DropoutTests {
  /// Dropout keeps n(1 − p) ± 5 √(n p (1 − p)) of n elements, and multiplies each by 1/(1 − p).
  @Test(arguments: [0.1, 0.25, 0.5, 0.9], [DType.float32, .float64, .bfloat16])
  func zeroesAShareAndScalesTheRest(p: Double, dtype: DType) {
    let count = 40_000
    let dropped = withStream(9) { Tensor.ones([200, 200], dtype: dtype).dropout(p, active: true) }
    #expect(dropped.dtype == dtype)
    let kept = dropped .> 0
    let deviation = (Double(count) * p * (1 - p)).squareRoot()
    #expect(abs(Double(kept.sum().integers[0]) - Double(count) * (1 - p)) < 5 * deviation)
    // Our own kernels round p to a multiple of 2⁻¹⁶.
    let precision = dtype == .bfloat16 ? 1e-2 : 1e-6 + 0x1p-17 / (1 - p)
    expectClose(dropped.indexed([kept]), .full([kept.sum().integers[0]], 1 / (1 - p)), relative: precision)
    // Elements are dropped independently. So sums over rows and columns have the variance of independent elements.
    for dimension in [0, 1] {
      let variance = kept.to(.float64).sum(dimension).variance(0).item
      #expect(abs(variance / (200 * p * (1 - p)) - 1) < 0.5)  // 5 √(2/200)
    }
  }

  @Test func neighboursAndCallsAreIndependent() {
    let ones = Tensor.ones([100_000])
    let (first, second) = withStream(8) { (ones.dropout(0.5, active: true), ones.dropout(0.5, active: true)) }
    for product in [first * second, first.slice(0, 1) * first.slice(0, 0, -1)] {
      #expect(abs(product.mean().item - 1) < 0.03)  // 5 · √3 / √100 000
    }
  }

  @Test func inactiveItIsTheIdentity() {
    let x = Tensor.ones([3])
    #expect(x.dropout(0.5, active: false) === x)
    #expect(x.dropout(0, active: true) === x)
  }

  @Test func gradientsGoWhereElementsStayed() {
    let x = Tensor.ones([1000], dtype: .float64).requiringGradient()
    let dropped = x.dropout(0.3, active: true)
    dropped.sum().backward()
    #expect(x.gradient?.doubles == dropped.doubles)
  }

  @Test func anEncoderDropsInTrainingOnly() {
    let rates = DropoutRates(attention: 0.2, relu: 0.2, residual: 0.2, embedding: 0.2)
    let encoder = TransformerEncoder(width: 8, heads: 2, layers: 2, rates: rates)
    let x = Samples(9).normal(2, 5, 8)
    withStream(7) { #expect(encoder(x).floats != encoder(x).floats) }
    encoder.train(false)
    let output = encoder(x)
    #expect(output.floats == encoder(x).floats)
    let plain = TransformerEncoder(width: 8, heads: 2, layers: 2)
    try? plain.load(Dictionary(uniqueKeysWithValues: encoder.state().map { ($0.key, $0.tensor) }))
    expectClose(output, plain(x), relative: 1e-6)
  }

  /// Forward and backward pass use the same mask.
  @Test func gradientsThroughDropout() {
    let samples = Samples(10, .float64)
    let rates = DropoutRates(attention: 0.3, relu: 0.3, residual: 0.3, embedding: 0.3)
    let encoder = TransformerEncoder(width: 4, heads: 2, layers: 1, rates: rates)
    samples.fill(encoder)
    let (x, memory, probe) = (samples.leaf(2, 3, 4), samples.leaf(2, 4, 4), samples.normal(2, 3, 4))
    expectGradients(of: encoder.leaves + [("x", x), ("memory", memory)]) {
      Fused.isForced.withValue(true) { withStream(3) { (encoder(x, memory: memory) * probe).sum() } }
    }
  }

  /// Runs a body with a stream at its start, which no other test draws from.
  private func withStream<Result>(_ seed: UInt64, _ body: () -> Result) -> Result {
    DropoutStream.ofThread.withValue(DropoutStream(.init(seed: seed, offset: 0)), body)
  }
}
