import Dispatch
import Foundation
import Testing
import Torch

@Suite struct LibtorchTests {
  @Test func whatItIs() throws {
    try Libtorch.load()
    #expect(Libtorch.version.hasPrefix("2."))
    #expect(try Libtorch.folder().hasSuffix("torch"))
    #expect(!Libtorch.cpuCapability.isEmpty)
    #expect(Libtorch.configuration.contains("PyTorch built with"))
    #expect(Libtorch.threadCount >= 1)
    #expect(["avx512", "avx2", "plain"].contains(Libtorch.kernelInstructionSet))
  }

  /// A thread with fewer threads for its operators changes neither the others nor those that come later.
  @Test func aLimitHoldsForOneThread() {
    func counted(_ body: @escaping @Sendable () -> Void = {}) -> Int {
      let (count, done) = (Locked(0), DispatchSemaphore(value: 0))
      Thread.detachNewThread {
        body()
        count.value = Libtorch.threadCount
        done.signal()
      }
      done.wait()
      return count.value
    }
    let usual = counted()
    #expect(counted { Libtorch.limitThisThread(to: usual + 1) } == usual + 1)
    #expect(counted() == usual)
  }

  @Test func devices() throws {
    #expect(try Device(named: "cpu") == .cpu)
    #expect(try Device(named: "auto") == (Libtorch.cudaDeviceCount > 0 ? .cuda(0) : .cpu))
    #expect(Device.cpu.description == "cpu")
    #expect(Device.cuda(2).description == "cuda:2")
    for name in ["", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:0:1", "CPU"] {
      let fault = #expect(throws: Fault.self, "\(name)") { try Device(named: name) }
      #expect(fault?.kind == .usage)
      #expect(fault?.found == name)
    }
    let absent = "cuda:\(Libtorch.cudaDeviceCount)"
    let fault = #expect(throws: Fault.self) { try Device(named: absent) }
    #expect(fault?.found == absent)
    #expect(fault?.problem == "this machine has no such CUDA device")
  }
}
