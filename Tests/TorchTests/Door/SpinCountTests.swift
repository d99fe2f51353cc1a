import Foundation
import Testing

@testable import Torch

/// Threads wait for each other as long as the user says, else as long as is good beside other work.
@Suite struct SpinCountTests {
  @Test(
    arguments: [
      ([:], 4000), (["OMP_NUM_THREADS": "2"], 4000), (["GOMP_SPINCOUNT": ""], 4000), (["OMP_WAIT_POLICY": ""], 4000),
      (["GOMP_SPINCOUNT": "0"], nil), (["GOMP_SPINCOUNT": "INFINITY"], nil), (["OMP_WAIT_POLICY": "active"], nil),
      (["OMP_WAIT_POLICY": "PASSIVE"], nil), (["GOMP_SPINCOUNT": "7", "OMP_WAIT_POLICY": "active"], nil),
    ] as [([String: String], Int?)])
  func whatTheUserChoseStays(environment: [String: String], turns: Int?) {
    #expect(SpinCount.choice(in: environment) == turns)
  }

  @Test(
    arguments: [
      ([:], "the OpenMP library's own choice"), (["GOMP_SPINCOUNT": ""], "the OpenMP library's own choice"),
      (["GOMP_SPINCOUNT": "7"], "GOMP_SPINCOUNT=7"), (["OMP_WAIT_POLICY": "passive"], "OMP_WAIT_POLICY=passive"),
      (["GOMP_SPINCOUNT": "7", "OMP_WAIT_POLICY": "active"], "GOMP_SPINCOUNT=7"),
    ] as [([String: String], String)])
  func whatIsInForceIsSaid(environment: [String: String], text: String) {
    #expect(SpinCount.description(in: environment) == text)
  }

  /// The choice is made before libtorch is loaded, and the process keeps it.
  @Test func theDoorMakesTheChoice() throws {
    try Libtorch.load()
    #if os(Linux)
      #expect(SpinCount.choice(in: ProcessInfo.processInfo.environment) == nil)
    #endif
  }
}
