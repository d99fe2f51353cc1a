import Testing
import Torch

@Suite struct WrappedMemoryTests {
  /// Memory that counts how often it was released.
  private final class Memory {
    let bytes = UnsafeMutablePointer<Float>.allocate(capacity: 6)
    private(set) var releases = 0

    init() { for index in 0..<6 { bytes[index] = Float(index) } }

    deinit { bytes.deallocate() }

    func tensor() -> Tensor {
      .wrapping(bytes, shape: [2, 3], dtype: .float32) { self.releases += 1 }
    }
  }

  @Test func nothingIsCopied() {
    let memory = Memory()
    let tensor = memory.tensor()
    #expect(tensor.floats == [0, 1, 2, 3, 4, 5])
    memory.bytes[4] = 40
    #expect(tensor[1].floats == [3, 40, 5])
    tensor.fillInPlace(7)
    #expect(memory.bytes[0] == 7)
  }

  @Test func releasedOnceAfterTheLastView() {
    let memory = Memory()
    var tensor: Tensor? = memory.tensor()
    var views = [tensor![1], tensor!.transposed().slice(0, 1), tensor!.detached()]
    tensor = nil
    #expect(memory.releases == 0)
    views.removeFirst()
    #expect(views[0].floats == [1, 4, 2, 5])
    views.removeFirst()
    #expect(memory.releases == 0)
    views.removeAll()
    #expect(memory.releases == 1)
  }

  @Test func aGraphKeepsWhatItNeeds() {
    let memory = Memory()
    let x = Tensor.ones([2, 3]).requiringGradient()
    var product: Tensor? = (x * memory.tensor()).sum()
    #expect(memory.releases == 0)
    product?.backward()
    #expect(x.gradient?.floats == [0, 1, 2, 3, 4, 5])
    product = nil
    #expect(memory.releases == 1)
  }

  @Test func withoutAnyView() {
    let memory = Memory()
    _ = memory.tensor()
    #expect(memory.releases == 1)
  }
}
