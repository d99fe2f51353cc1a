import Testing
import Torch

/// Tests positions by the input of an encoder's first layer.
@Suite struct PositionTests {
  private func positions(
    width: Int, length: Int, mask: Tensor? = nil, dtype: DType = .float32, fused: Bool = true
  ) -> Tensor {
    let encoder = TransformerEncoder(width: width, heads: 1, layers: 1)
    let batch = mask?.size(0) ?? 1
    return Fused.isForced.withValue(fused) {
      encoder.embed(.zeros([batch, length, width], dtype: dtype), mask: mask)
    }
  }

  @Test(arguments: Fixture("position").cases, [true, false])
  func agreesWithTheTable(fixture: FixtureCase, fused: Bool) {
    let found = positions(width: fixture.integer("width")!, length: 40, fused: fused)
    expectClose(found[0], fixture["table"].slice(0, 1), relative: 1e-6)
  }

  /// The position of a real step is the number of real steps up to it. Padding has zeros.
  @Test(arguments: Fixture("position").cases, [true, false])
  func maskedStepsAreNotCounted(fixture: FixtureCase, fused: Bool) {
    let table = fixture["table"]
    let numbers = [[1, 2, 3, 0, 0], [0, 0, 1, 2, 3], [0, 1, 0, 2, 0], [0, 0, 0, 0, 0]]
    let mask = Tensor(numbers.flatMap { $0.map { $0 > 0 } }, shape: [4, 5])
    let found = positions(width: fixture.integer("width")!, length: 5, mask: mask, fused: fused)
    for (sample, numbers) in numbers.enumerated() { expectClose(found[sample], table.rows(Tensor(numbers))) }
  }

  /// Angles are computed in the precision of the tensor, because models were trained in f32. At step 400, f32 and f64
  /// differ in the fifth digit.
  @Test func everyTypeHasItsPrecision() {
    for dtype in [DType.float32, .float64] {
      let both = [true, false].map { positions(width: 8, length: 400, dtype: dtype, fused: $0) }
      expectClose(both[0], both[1], relative: dtype == .float32 ? 1e-6 : 1e-14)
    }
    let half = positions(width: 8, length: 5, dtype: .float16)
    #expect(half.dtype == .float16)
    expectClose(half, positions(width: 8, length: 5), relative: 1e-3)
    let double = positions(width: 8, length: 400, dtype: .float64)
    expectClose(double[0][0].doubles.prefix(1).map { $0 }, [0.8414709848078965], relative: 1e-15)
    expectClose(positions(width: 8, length: 400), double, relative: 5e-5)
  }

  @Test func scaledInputsAreAdded() {
    let encoder = TransformerEncoder(width: 4, heads: 1, layers: 1)
    let samples = Samples(8, .float64)
    let (x, probe) = (samples.leaf(2, 3, 4), samples.normal(2, 3, 4))
    let mask = Tensor([true, true, false, true, true, true], shape: [2, 3])
    let zeros = x.zerosLike()
    expectClose(encoder.embed(x, mask: mask), x * 2 + encoder.embed(zeros, mask: mask), relative: 1e-15)
    expectClose(encoder.embed(x, mask: nil), x * 2 + encoder.embed(zeros, mask: nil), relative: 1e-15)
    expectGradients(of: [("x", x)]) { (encoder.embed(x, mask: mask) * probe).sum() }
  }
}
