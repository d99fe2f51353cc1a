import Foundation
import Testing
import Torch

@Suite struct DropoutStreamTests {
  @Test func placesFollowEachOther() {
    let stream = DropoutStream(.init(seed: .max, offset: 41))
    #expect(stream.next(1) == .init(seed: -1, offset: 41))
    #expect(stream.next(1) == .init(seed: -1, offset: 42))
    #expect(stream.state == .init(seed: .max, offset: 43))
  }

  @Test func aStateIsSaved() throws {
    let state = DropoutStream.State(seed: 7, offset: .max)
    let data = try JSONEncoder().encode(state)
    #expect(try JSONDecoder().decode(DropoutStream.State.self, from: data) == state)
  }

  @Test func noPlaceIsGivenTwice() async {
    let stream = DropoutStream(.init(seed: 0, offset: 0))
    let offsets = await withTaskGroup(of: [Int].self) { group in
      for _ in 0..<4 { group.addTask { (0..<500).map { _ in stream.next(1).offset } } }
      return await group.reduce(into: []) { $0 += $1 }
    }
    #expect(offsets.sorted() == Array(0..<2000))
  }

  @Test func aPartOfABatchKnowsWhatIsBeforeIt() {
    let stream = DropoutStream(.init(seed: 3, offset: 0))
    stream.part = BatchPart(first: 4, count: 2, of: 9)
    // Two samples of 5 units each, behind four of the other parts.
    #expect(stream.next(10) == .init(seed: 3, offset: 0, first: 20))
    stream.part = nil
    #expect(stream.next(10) == .init(seed: 3, offset: 1, first: 0))
  }

  @Test func theKernelsDrawFromTheStreamOfTheTask() {
    let x = Tensor.ones([100])
    func draw(_ offset: UInt64) -> [Float] {
      DropoutStream.ofThread.withValue(DropoutStream(.init(seed: 4, offset: offset))) {
        Fused.isForced.withValue(true) {
          defer { #expect(DropoutStream.shared.state.offset == offset + 1) }
          return x.dropout(0.5, active: true).floats
        }
      }
    }
    #expect(draw(0) == draw(0))
    #expect(draw(0) != draw(1))
  }
}
