import Testing
import Torch

@testable import Polyphony

/// Attention inside the bottlenecks of cross-attention and MokA.
@Suite struct NarrowAttentionTests {
  private let queries = Tensor([2, 0, 0, 1] as [Float], shape: [1, 2, 2])
  private let keys = Tensor([1, 0, 0, 1, 5, 5] as [Float], shape: [1, 3, 2])
  private let values = Tensor([1, 10, 2, 20, 7, 70] as [Float], shape: [1, 3, 2])

  @Test func readsWhatTheFormulaSays() {
    let mask = Tensor([true, true, false], shape: [1, 3])
    let read = NarrowAttention.read(queries, keys: keys, values: values, mask: mask)
    // The scores of the first query are √2 and 0, those of the second 0 and 1/√2. So the first of the two real steps has
    // the weights 1/(1 + exp(−√2)) = 0.804430 and 1/(1 + exp(1/√2)) = 0.330238.
    let expected: [Float] = [1.195570, 11.955703, 1.669762, 16.697615]
    expectClose(read.flattened(), Tensor(expected), 1e-5, "two real steps")
    let real = NarrowAttention.read(queries, keys: keys.slice(1, 0, 2), values: values.slice(1, 0, 2), mask: nil)
    expectClose(real, read, 1e-6, "without padding")
  }

  @Test func readsNothingWhereThereIsNothing() {
    let absent = Tokens(values).absent(where: Tensor([false], shape: [1]))
    let read = NarrowAttention.read(queries, keys: keys, values: values, mask: absent.mask)
    #expect(absent.mask != nil && read.floats == [0, 0, 0, 0])
  }

  /// What a sample has in place of an absent modality does not change what the others read.
  @Test func anAbsentModalityIsNotRead() {
    let crossing = CrossAttention(modalities: 3, bottleneck: 4, width: 8, startsAtZero: false)
    let moka = MokASite(modalities: 3, width: 8, rank: 2)
    for (_, stored) in moka.parameters() { stored.tensor = Tensor.normal(stored.tensor!.shape) }
    let others = [4, 5].map { Tokens(.normal([2, $0, 8], generator: Generator(seed: UInt64($0)))) }
    let present = [Tensor([true, false], shape: [2]), nil, nil]
    func read(_ seed: UInt64) -> [Tensor] {
      let tokens = [Tokens(.normal([2, 3, 8], generator: Generator(seed: seed)))] + others
      let updated = moka.added(to: tokens, present: present).dropFirst().map(\.values)
      return [noGrad { crossing.fuse(tokens, present: present, limit: nil) }] + updated
    }
    for (one, other) in zip(read(8), read(9)) {
      #expect(one[0].floats != other[0].floats, "a sample that has it")
      #expect(one[1].floats == other[1].floats, "a sample that lacks it")
    }
  }
}
