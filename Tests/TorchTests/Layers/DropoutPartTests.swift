import Testing
import Torch

/// Parts of a batch have the dropout that their samples have in the whole batch.
@Suite struct DropoutPartTests {
  /// The results for all parts of a batch, one behind another, and for the batch as a whole.
  private func both(_ x: Tensor, cuts: [Int], _ body: (Tensor) -> Tensor) -> (parts: Tensor, whole: Tensor) {
    let count = x.size(0)
    func draw(_ part: BatchPart?, _ x: Tensor) -> Tensor {
      let stream = DropoutStream(.init(seed: 11, offset: 5))
      stream.part = part
      return DropoutStream.ofThread.withValue(stream) { Fused.isForced.withValue(true) { body(x) } }
    }
    let edges = [0] + cuts + [count]
    let parts = zip(edges, edges.dropFirst()).map { first, end in
      draw(BatchPart(first: first, count: end - first, of: count), x[first..<end])
    }
    return (.concatenated(parts), draw(nil, x))
  }

  /// Samples of 21 units end within the chunks of 128 elements that the kernel draws for.
  @Test(arguments: [[3], [1, 2, 30], [64], [7, 50]], [21, 128, 1]) func ofElements(cuts: [Int], width: Int) {
    let x = Tensor.normal([70, width], generator: Generator(seed: 1))
    let (parts, whole) = both(x, cuts: cuts) { $0.dropout(0.4, active: true) }
    #expect(parts.floats == whole.floats)
    #expect(whole.floats.contains(0))
  }

  @Test func ofPositions() {
    let x = Tensor.normal([9, 5, 6], generator: Generator(seed: 2))
    let encoder = TransformerEncoder(
      width: 6, heads: 2, layers: 1, rates: DropoutRates(attention: 0.3, relu: 0.3, residual: 0.3, embedding: 0.3))
    let (parts, whole) = both(x, cuts: [2, 3, 7]) { encoder($0) }
    #expect((parts - whole).abs().maximum().item < 2e-6)
    // Another mask would make differences of the size of the values.
    let other = DropoutStream.ofThread.withValue(DropoutStream(.init(seed: 12, offset: 5))) { encoder(x) }
    #expect((other - whole).abs().maximum().item > 0.1)
  }
}
