import Testing
import Torch

@Suite struct RaggedAttentionTests {
  /// Samples without steps, shorter than a vector, of whole vectors and longer, with heads of 16 to 64 features.
  @Test(arguments: [(DType.float32, 16), (.float32, 32), (.float32, 64), (.float64, 16), (.float64, 48)])
  func agreesWithEachSampleAlone(dtype: DType, features: Int) throws {
    let samples = Samples(7, dtype)
    let lengths = [3, 0, 1, 16, 17, 8, 40, 9]
    let (heads, steps) = (3, lengths.reduce(0, +))
    let rows = (0..<3).map { _ in samples.normal(steps, heads * features) * 2 }
    let starts = Tensor([0] + lengths.indices.map { lengths[...$0].reduce(0, +) })
    let found = try #require(Fused.raggedAttention(rows[0], rows[1], rows[2], starts: starts, heads: heads))
    var first = 0
    for length in lengths where length > 0 {
      let parts = rows.map { $0.slice(0, first, first + length).view(1, length, heads, features).transposed(1, 2) }
      let expected = parts[0].attention(parts[1], parts[2]).transposed(1, 2).reshaped(length, heads * features)
      let tolerance = dtype == .float32 ? 2e-6 : 1e-13
      expectClose(found.slice(0, first, first + length), expected, relative: tolerance, "\(length) steps")
      first += length
    }
  }

  @Test func largeScoresDoNotOverflow() throws {
    let rows = Samples(8).normal(20, 32) * 100
    let starts = Tensor([0, 20])
    let found = try #require(Fused.raggedAttention(rows, rows, rows, starts: starts, heads: 1))
    // Every step is by far the nearest to itself.
    expectClose(found, rows, relative: 1e-5)
  }

  @Test func servesNoGradientsAndNoOtherHeads() {
    let (rows, starts) = (Tensor.normal([4, 32]), Tensor([0, 4]))
    #expect(Fused.raggedAttention(rows, rows, rows, starts: starts, heads: 4) == nil)
    let leaf = Tensor.normal([4, 32]).requiringGradient()
    #expect(Fused.raggedAttention(rows, leaf, rows, starts: starts, heads: 1) == nil)
    #expect(noGrad { Fused.raggedAttention(rows, leaf, rows, starts: starts, heads: 1) } != nil)
  }
}
