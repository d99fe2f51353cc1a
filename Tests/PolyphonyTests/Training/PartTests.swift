import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonyService
@testable import PolyphonySupport

/// A training does not depend on the division of its batches among processes or accumulated steps.
@Suite struct PartTests {
  /// One case: a method, and whether samples lack modalities.
  struct Case: Sendable, CustomTestStringConvertible {
    var method: String
    var settings = "{}"
    var misses = false
    var testDescription: String { "\(method) \(settings)\(misses ? ", missing" : "")" }
  }

  /// Trains a small model, and returns its tensors one behind another, with the training losses.
  private static func train(
    _ test: Case, _ optimizer: TrainingSettings.OptimizerName = .adam, accumulate: Int = 1, group: ProcessGroup? = nil
  ) throws -> [Float] {
    let architecture = test.method == "mrd" ? "encoder_fusion" : "late_fusion"
    var configuration = Tiny.configuration(architecture, .classification)
    configuration.dropout = .init(attention: 0.1, relu: 0.2, residual: 0.2, embedding: 0.2, output: 0.2)
    // 21 samples in batches of 8: the last batch has parts of different sizes.
    func split(_ seed: UInt64, _ count: Int) -> LabelledSplit {
      let batch = Tiny.batch(configuration, count: count, seed: seed)
      return LabelledSplit(samples: UnlabelledSplit(name: "x", inputs: batch.inputs), target: batch.target)
    }
    let (training, validation) = (split(5, 21), split(6, 12))
    return try ownRandomNumbers {
      let model = try Tiny.model(configuration)
      var settings = Tiny.settings(epochs: 3, optimizer: optimizer)
      settings.accumulate = accumulate
      let hook = try Tiny.strategy(test.method, model, test.settings)
      let corruption =
        test.misses
        ? try MissingCorruption(
          .sample(0.4), training: training.samples, validation: validation.samples, configuration.modalities, seed: 1)
        : nil
      _ = try Trainer(
        model, training: training, validation: validation, settings: settings, seed: 4, hook: hook,
        corruption: corruption, group: group
      ).run()
      return model.backbone.state().flatMap { $0.tensor.floats } + hook.metrics().map { Float($0.value) }
    }
  }

  private static let cases = [
    Case(method: "joint"), Case(method: "joint", misses: true), Case(method: "cggm"),
    Case(method: "cggm", settings: "{cggm: {lambda: 0.3, drop: 0.3}}"), Case(method: "ogm-ge"),
    Case(method: "agm"), Case(method: "mrd"), Case(method: "gradient-blending"), Case(method: "mslr"),
    Case(method: "unimodal"), Case(method: "arl", settings: "{arl: {start: 0}}"),
  ]

  /// The optimiser is SGD. Adam would turn the rounding of a gradient that is 0 into steps of full length.
  @Test(arguments: cases) func accumulationChangesNothing(test: Case) throws {
    let whole = try Self.train(test, .sgd)
    for parts in [2, 3] {
      let sums = try Self.train(test, .sgd, accumulate: parts)
      let difference = zip(whole, sums).map { abs($0 - $1) }.max() ?? 1
      #expect(whole.count == sums.count && difference < 2e-6, "\(parts) parts: \(difference)")
    }
  }

  /// A sum of two terms does not depend on their order, so it has the same bits.
  @Test(arguments: cases) func twoProcessesAreAccumulationOfTwo(test: Case) throws {
    let sums = try Self.train(test, accumulate: 2)
    let members = try Members.run(2) { group in try Self.train(test, group: group) }
    for member in members { #expect(member == sums) }
  }

  @Test func threeProcessesHaveEmptyParts() throws {
    // The last batch has 5 samples for 6 parts.
    let test = Case(method: "cggm")
    let whole = try Self.train(test, .sgd)
    let members = try Members.run(3) { group in try Self.train(test, .sgd, accumulate: 2, group: group) }
    for member in members {
      #expect((zip(whole, member).map { abs($0 - $1) }.max() ?? 1) < 2e-6)
      #expect(member == members[0])
    }
  }

  @Test func methodsOfWholeBatchesAreRefused() {
    let fault = #expect(throws: Fault.self) { try Self.train(Case(method: "mmpareto"), accumulate: 2) }
    #expect(fault?.kind == .usage && fault?.key == "training.accumulate")
  }

  @Test func partsAreTheWholeBatch() {
    for (batch, accumulate) in [(8, 2), (7, 3), (5, 5), (2, 4)] {
      let parts = BatchDivision(group: nil, accumulate: accumulate).parts(of: batch)
      #expect(abs(parts.map(\.share).reduce(0, +) - 1) < 1e-15)
      #expect(parts.filter { $0.share > 0 }.flatMap { Array($0.samples) } == Array(0..<batch))
    }
    let weighted = BatchDivision(group: nil, accumulate: 2).parts(of: 4, weights: [1, 0, 2, 1])
    #expect(weighted.map(\.share) == [0.25, 0.75])
  }
}

/// The members of a group of processes, as threads of this one.
enum Members {
  static func run<Value: Sendable>(
    _ size: Int, _ body: @escaping @Sendable (ProcessGroup) throws -> Value
  ) throws -> [Value] {
    let results = Locked<[Int: Result<Value, any Error>]>([:])
    let done = DispatchSemaphore(value: 0)
    let port = Int(try ServiceListener.freePort(0, host: "127.0.0.1"))
    for rank in 0..<size {
      let thread = Thread {
        let result = Result {
          let group = try ProcessGroup(GroupPlace(rank: rank, size: size, port: port, timeout: 60))
          return try body(group)
        }
        results.update { $0[rank] = result }
        done.signal()
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
    for _ in 0..<size { done.wait() }
    return try (0..<size).map { try results.value[$0]!.get() }
  }
}
