import Testing
import Torch

@testable import Polyphony

/// The augmentation drops one modality of each sample, never its last one.
@Suite struct ModalityDropTests {
  private func inputs(_ presence: [[Bool]]?) -> Inputs {
    let count = presence?.count ?? 300
    return Inputs(
      (0..<3).map { _ in .ones([count, 2]) }, presence: presence.map { Tensor($0.flatMap(\.self), shape: [count, 3]) })
  }

  @Test func everySampleLosesOneOfThree() {
    let dropped = ModalityDrop.dropped(inputs(nil), generator: Generator(seed: 1)).presence!
    #expect(dropped.to(.int64).sum(1).integers.allSatisfy { $0 == 2 })
    // The choice is made for each sample, and each modality is chosen about as often.
    for kept in dropped.to(.int64).sum(0).integers { #expect((160...240).contains(kept), "\(kept) of 300 kept") }
  }

  @Test func presenceIsRespectedAndNothingEmptied() {
    let patterns = (1..<8).map { bits in (0..<3).map { bits >> $0 & 1 == 1 } }
    let before = Array(repeating: patterns, count: 40).flatMap(\.self)
    for seed in 0..<20 as Range<UInt64> {
      let after = ModalityDrop.dropped(inputs(before), generator: Generator(seed: seed)).presence!.integers
      for (row, had) in before.enumerated() {
        let has = (0..<3).map { after[row * 3 + $0] == 1 }
        #expect(zip(had, has).allSatisfy { $0 || !$1 }, "nothing comes back")
        let number = had.count { $0 }
        #expect(has.count { $0 } == max(1, number - 1))
      }
    }
  }

  @Test func rateSeedAndASingleModality() {
    let all = inputs(nil)
    func presence(_ rate: Double, _ seed: UInt64) -> [Int] {
      ModalityDrop.dropped(all, rate: rate, generator: Generator(seed: seed)).presence!.integers
    }
    #expect(presence(0, 1).allSatisfy { $0 == 1 })
    #expect(presence(0.5, 1) == presence(0.5, 1) && presence(0.5, 1) != presence(0.5, 2))
    let lost = presence(0.5, 3).count { $0 == 0 }
    #expect((110...190).contains(lost))
    let single = ModalityDrop.dropped(Inputs([.ones([5, 2])]), generator: Generator(seed: 1))
    #expect(single.presence!.integers == [1, 1, 1, 1, 1])
    #expect(all.presence == nil, "the original is untouched")
  }
  /// The copies lack the steps that the samples lack.
  @Test func bothViewsKeepLengthsAndLostSteps() {
    var all = Inputs([.ones([2, 3, 4]), .ones([2, 5])], lengths: [Tensor([3, 1]), nil])
    all.kept[0] = Tensor([true, false, true, true, true, false], shape: [2, 3])
    let views = Inputs.joined(all, ModalityDrop.dropped(all, generator: Generator(seed: 1)))
    #expect(views.kept[0]?.integers == [1, 0, 1, 1, 1, 0, 1, 0, 1, 1, 1, 0] && views.kept[1] == nil)
    #expect(views.lengths[0]?.integers == [3, 1, 3, 1] && views.lengths[1] == nil)
    #expect(views.presence?.integers.prefix(4) == [1, 1, 1, 1])
  }
}
