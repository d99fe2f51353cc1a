import Foundation
import Testing
import Torch

@testable import Polyphony

/// Attention inside the bottlenecks of cross-attention and MokA.
@Suite struct NarrowAttentionTests {
  private let queries = Tensor([2, 0, 0, 1], shape: [1, 2, 2])
  private let keys = Tensor([1, 0, 0, 1, 5, 5], shape: [1, 3, 2])
  private let values = Tensor([1, 10, 2, 20, 7, 70], shape: [1, 3, 2])

  @Test func readsWhatTheFormulaSays() {
    let mask = Tensor([true, true, false], shape: [1, 3])
    let read = NarrowAttention.read(queries, keys: keys, values: values, mask: mask)
    // The scores of the first query are √2 and 0, those of the second 0 and 1/√2.
    let (first, second) = (1 / (1 + exp(-2.0.squareRoot())), 1 / (1 + exp(0.5.squareRoot())))
    let expected = [first, second].flatMap { [$0 + 2 * (1 - $0), 10 * $0 + 20 * (1 - $0)] }
    expectClose(read.flattened(), Tensor(expected.map(Float.init)), 1e-5, "two real steps")
    expectClose(
      NarrowAttention.read(queries, keys: keys[0..<1].slice(1, 0, 2), values: values.slice(1, 0, 2), mask: nil), read,
      1e-6, "without padding")
  }

  @Test func readsNothingWhereThereIsNothing() {
    let mask = Tensor([false, false, false], shape: [1, 3])
    #expect(NarrowAttention.read(queries, keys: keys, values: values, mask: mask).floats == [0, 0, 0, 0])
    let absent = Tokens(values).absent(where: Tensor([false], shape: [1]))
    #expect(
      absent.mask.map { NarrowAttention.read(queries, keys: keys, values: values, mask: $0).floats } == [0, 0, 0, 0])
  }

  /// What a sample has in place of an absent modality does not change what the others read.
  @Test func anAbsentModalityIsNotRead() {
    let crossing = CrossAttention(modalities: 3, bottleneck: 4, width: 8, startsAtZero: false)
    let moka = MokASite(modalities: 3, width: 8, rank: 2)
    for (_, stored) in moka.parameters() { stored.tensor = Tensor.normal(stored.tensor!.shape) }
    func read(_ seed: UInt64) -> [Tensor] {
      let steps = zip([seed, 1, 2], [3, 4, 5]).map { Tensor.normal([2, $1, 8], generator: Generator(seed: $0)) }
      let present = [Tensor([true, false], shape: [2]), nil, nil]
      let tokens = steps.map { Tokens($0) }
      let updated = moka.added(to: tokens, present: present).dropFirst().map(\.values)
      return noGrad { [crossing.fuse(tokens, present: present, limit: nil)] + updated }
    }
    for (one, other) in zip(read(8), read(9)) {
      #expect(one[0].floats != other[0].floats, "a sample that has it")
      #expect(one[1].floats == other[1].floats, "a sample that lacks it")
    }
  }
}
