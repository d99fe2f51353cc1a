import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// An interrupted and resumed adaptation ends with the same bits.
@Suite struct AdaptationResumeTests {
  private struct End: Equatable {
    var tensors: [String: [UInt8]]
    var prediction: [Float]
    var records: [AdaptationRecord]
    var selected: [Int]?
  }

  private func end(_ model: MultimodalModel, _ outcome: AdaptationOutcome) -> End {
    End(
      tensors: bytes(model), prediction: outcome.prediction.floats, records: outcome.records,
      selected: outcome.selected)
  }

  @Test(arguments: AdaptationMethods.names, [false, true])
  func anInterruptedRunEndsWithTheSameBits(method: String, isOnline: Bool) throws {
    var adapting = Adapting.named(method, online: isOnline)
    (adapting.dropout, adapting.kind) = (0.2, .classification)
    let whole = try adapting.run()
    let expected = end(whole.model, whole.outcome)
    // The stops are in the middle of an epoch, at its end, and in the second stage.
    for stop in [1, 2, 4, 11, 17] {
      try withTemporaryFolder { folder in
        var steps = 0
        let first = try adapting.model()
        let cut = try ownRandomNumbers {
          try adapting.loop(first, folder: folder).run {
            steps += 1
            return steps >= stop
          }
        }
        let second = try adapting.model()
        let outcome = try ownRandomNumbers {
          try adapting.loop(second, folder: folder).run(resume: true, isStopped: { false })
        }
        #expect(end(second, outcome) == expected, "stopped at \(stop): \(cut.wasStopped)")
        #expect(!outcome.wasStopped)
      }
    }
  }

  @Test func theSeedDecidesAndNothingElse() throws {
    var adapting = Adapting.named("casp")
    adapting.dropout = 0.2
    let runs = try (0..<2).map { _ in try adapting.run() }.map { end($0.model, $0.outcome) }
    #expect(runs[0] == runs[1])
    adapting.seed = 2
    let other = try adapting.run()
    #expect(end(other.model, other.outcome).tensors != runs[0].tensors)
  }

  @Test func anotherRunsCheckpointIsRefused() throws {
    try withTemporaryFolder { folder in
      let adapting = Adapting.named("tent")
      _ = try adapting.loop(adapting.model(), folder: folder).run(isStopped: { false })
      var other = adapting
      other.seed = 9
      let fault = #expect(throws: Fault.self) {
        try other.loop(other.model(), folder: folder).run(resume: true, isStopped: { false })
      }
      #expect(fault?.kind == .usage && fault?.found == "seed: 1 → 9")
      try FileManager.default.removeItem(atPath: folder + "/checkpoint/adapted.safetensors")
      let damaged = #expect(throws: Fault.self) {
        try adapting.loop(adapting.model(), folder: folder).run(resume: true, isStopped: { false })
      }
      #expect(damaged?.kind == .badData && damaged?.file?.hasSuffix("adapted.safetensors") == true)
    }
  }
}
