import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// An adaptation does not depend on the division of its batches among processes.
@Suite struct GroupAdaptationTests {
  /// What a run leaves.
  private struct End: Equatable, Sendable {
    var weights: [Float]
    var prediction: [Float]
    var losses: [Double?]
    var selected: [Int]?
    var returns: Int
    var wasStopped: Bool

    /// True if another run has the same weights up to 1e-6, and its predictions and losses up to 1e-5.
    func isClose(to other: End) -> Bool {
      func agree(_ own: [Float], _ others: [Float], _ tolerance: Float) -> Bool {
        own.count == others.count && zip(own, others).allSatisfy { abs($0 - $1) <= tolerance * max(1, abs($1)) }
      }
      return agree(weights, other.weights, 1e-6) && agree(prediction, other.prediction, 1e-5)
        && agree(losses.map { Float($0 ?? 0) }, other.losses.map { Float($0 ?? 0) }, 1e-5)
        && selected == other.selected && returns == other.returns
    }
  }

  /// Adapts a small classifier with dropout. Batches of 6 of 20 samples leave a last batch of 2.
  ///
  /// The optimiser is SGD. Adam would turn the rounding of a gradient that is 0 into steps of full length.
  private static func run(
    _ method: String, settings: String = "", group: ProcessGroup? = nil, folder: String? = nil, resume: Bool = false,
    stopAfter: Int? = nil
  ) throws -> End {
    var adapting = Adapting.named(method)
    (adapting.dropout, adapting.kind) = (0.2, .classification)
    // The predictions of a random model are nearly parallel, so rounding would decide which samples EATA counts. Its
    // first step counts all of them.
    if method == "eata" { adapting.count = 6 }
    adapting.settings = [adapting.settings, settings, "optimizer: sgd"].filter { !$0.isEmpty }.joined(separator: ", ")
    return try ownRandomNumbers {
      let model = try adapting.model()
      var steps = 0
      let outcome = try adapting.loop(model, folder: folder, group: group).run(
        resume: resume,
        isStopped: {
          steps += 1
          return stopAfter.map { steps >= $0 } ?? false
        })
      return End(
        weights: model.trainableParameters().flatMap { $0.storage.tensor!.floats },
        prediction: outcome.prediction.floats, losses: outcome.records.map(\.loss), selected: outcome.selected,
        returns: outcome.returns.count, wasStopped: outcome.wasStopped)
    }
  }

  /// Two processes sum other halves of a gradient than one process, so they agree up to rounding.
  @Test(arguments: Adapting.casp + ["tent", "read", "eata", "sar", "mean-teacher", "ssa", "inputs"])
  func twoProcessesAreOne(method: String) throws {
    let whole = try Self.run(method)
    let members = try Members.run(2) { group in try Self.run(method, group: group) }
    #expect(members[0] == members[1])
    #expect(members[0].isClose(to: whole), "\(members[0])\n\(whole)")
  }

  /// The last batch has 2 samples for 3 processes, and the contrast of CASP 4 views.
  @Test(arguments: ["casp", "tent"]) func threeProcessesHaveEmptyParts(method: String) throws {
    let whole = try Self.run(method)
    let members = try Members.run(3) { group in try Self.run(method, group: group) }
    #expect(members.allSatisfy { $0 == members[0] })
    #expect(members[0].isClose(to: whole), "\(members[0])\n\(whole)")
  }

  /// A violated bound ends the run in all processes.
  @Test func allProcessesGoBack() throws {
    let bound = "guard: {max_drift: 0.0000001}"
    let whole = try Self.run("casp-contrast", settings: bound)
    let members = try Members.run(2) { group in try Self.run("casp-contrast", settings: bound, group: group) }
    #expect(whole.returns == 1 && members[0] == members[1] && members[0].isClose(to: whole))
  }

  /// A request to the second process stops both.
  @Test func aStoppedRunGoesOnAtAnotherNumberOfProcesses() throws {
    let whole = try Self.run("casp")
    try withTemporaryFolder { folder in
      let stopped = try Members.run(2) { group in
        try Self.run(
          "casp", group: group, folder: group.rank == 0 ? folder : nil, stopAfter: group.rank == 1 ? 6 : nil)
      }
      #expect(stopped[0].wasStopped && stopped[0] == stopped[1])
      let end = try Self.run("casp", folder: folder, resume: true)
      #expect(!end.wasStopped && end.isClose(to: whole))
    }
    try withTemporaryFolder { folder in
      #expect(try Self.run("casp", folder: folder, stopAfter: 6).wasStopped)
      let ends = try Members.run(2) { group in
        try Self.run("casp", group: group, folder: group.rank == 0 ? folder : nil, resume: true)
      }
      #expect(ends[0] == ends[1] && ends[0].isClose(to: whole))
    }
  }

  /// Every process names what differs between them, and what needs one process.
  @Test func whatDoesNotFitAGroupIsRefused() throws {
    let members = try Members.run(2) { group in
      let stream = Adapting.named("tent", online: true)
      let (norm, tent) = (Adapting.named("norm"), Adapting.named("tent"))
      var other = tent
      other.seed += UInt64(group.rank)
      return [
        Self.fault { _ = try stream.loop(stream.model(), group: group) },
        Self.fault { _ = try norm.loop(norm.model(), group: group) },
        Self.fault { _ = try other.loop(other.model(), group: group).run(isStopped: { false }) },
      ]
    }
    for faults in members {
      #expect(faults.allSatisfy { $0?.kind == .usage })
      #expect(faults[0]?.found == "online adaptation with 2 processes")
      #expect(faults[1]?.found == "norm with 2 processes")
      #expect(faults[2]?.key == "rank 1" && faults[2]?.found == "seed: 2")
    }
  }

  private static func fault(_ body: () throws -> Void) -> Fault? {
    do {
      try body()
      return nil
    } catch {
      return error as? Fault
    }
  }
}
