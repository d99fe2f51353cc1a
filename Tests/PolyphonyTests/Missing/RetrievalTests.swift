import Testing
import Torch

@testable import Polyphony

/// Neighbours from the training split in place of missing modalities: by hand, by their effect, and switched off.
@Suite struct RetrievalTests {
  private static let vectors: [Modality] = [.vector("a", features: 2), .vector("b", features: 2)]

  /// A memory of five samples in embedded form; the last one lacks b.
  private static func memory() -> (memory: NeighbourMemory, a: [[Double]], b: [[Double]]) {
    let configuration = MissingFixtures.configuration("late_fusion", vectors, width: 2)
    let memory = NeighbourMemory(configuration, places: 8)
    let a: [[Double]] = [[2, 0], [0, 2], [-2, 0], [0, -3], [3, 1]]
    let b: [[Double]] = [[1, 2], [3, 4], [5, 6], [7, 8], [9, 9]]
    func tokens(_ rows: [[Double]]) -> Tokens {
      Tokens(Tensor(rows.flatMap { $0.map(Float.init) }, shape: [rows.count, 1, 2]))
    }
    memory.store(
      [tokens(a), tokens(b)],
      presence: MissingFixtures.presence([[1, 1], [1, 1], [1, 1], [1, 1], [1, 0]]))
    return (memory, a, b)
  }

  @Test func distancesAndMeansByHand() throws {
    let (memory, a, b) = Self.memory()
    // The sample has only a = (4, 1).
    let query = [Tokens(Tensor([4, 1] as [Float], shape: [1, 1, 2])), Tokens(.zeros([1, 1, 2]))]
    let present = Tensor([1, 0] as [Float], shape: [1, 2])
    let found = memory.distance(query, present, leavesOutSame: false)
    let mean = [3.0 / 5, 0]
    func square(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } }
    let scale = a.map { square($0, mean) }.reduce(0, +) / 5
    for (place, row) in a.enumerated() {
      #expect(abs(found.doubles[place] - square([4, 1], row) / scale) < 1e-6, "place \(place)")
    }
    #expect(found.doubles[5...].allSatisfy { $0 == 1e9 }, "unused places are strangers")
    // The nearest are the fifth, which lacks b, the first and the second.
    let one = memory.mean(of: 1, found, neighbours: 1)
    #expect(one.steps.doubles == b[0] && one.isFound.integers == [1])
    let two = memory.mean(of: 1, found, neighbours: 2)
    #expect(two.steps.doubles == [2, 3])
    #expect(memory.mean(of: 0, found, neighbours: 1).steps.doubles == a[4])
    let many = memory.mean(of: 1, found, neighbours: 50)
    #expect(many.steps.doubles == [4, 5], "there are four samples with b")
  }

  @Test func aTrainingSampleDoesNotFindItself() {
    let (memory, _, _) = Self.memory()
    let query = [Tokens(Tensor([2, 0] as [Float], shape: [1, 1, 2])), Tokens(.zeros([1, 1, 2]))]
    let present = Tensor([1, 0] as [Float], shape: [1, 2])
    func nearest(_ leavesOutSame: Bool) -> [Double] {
      memory.mean(of: 1, memory.distance(query, present, leavesOutSame: leavesOutSame), neighbours: 1).steps.doubles
    }
    #expect(nearest(false) == [1, 2])
    #expect(nearest(true) == [3, 4], "the second, at √8")
  }

  @Test func anEmptyMemoryFindsNothing() {
    let memory = NeighbourMemory(MissingFixtures.configuration("late_fusion", Self.vectors, width: 2), places: 3)
    let query = [Tokens(.ones([2, 1, 2])), Tokens(.ones([2, 1, 2]))]
    let found = memory.mean(of: 0, memory.distance(query, nil, leavesOutSame: true), neighbours: 2)
    #expect(found.isFound.integers == [0, 0] && found.steps.doubles == [0, 0, 0, 0])
  }

  /// Samples whose audio follows from their text, and whose vision says nothing.
  private static func redundant(_ count: Int, seed: UInt64) -> LabelledSplit {
    let split = MissingFixtures.split(count, seed: seed)
    let text = split.samples.inputs.modalities[0].flattened(1).mean(1).reshaped(-1, 1, 1)
    var inputs = split.samples.inputs
    inputs.modalities[0] = text * 4 + Tensor.zeros([count, 7, 6])
    inputs.modalities[1] = text * 8 + Tensor.zeros([count, 9, 5])
    inputs.modalities[2] = Tensor.zeros([count, 5, 3])
    return LabelledSplit(samples: UnlabelledSplit(name: "split", inputs: inputs), target: split.target)
  }

  @Test(arguments: PromptTests.architectures) func neighboursStandForWhatIsMissing(architecture: String) throws {
    let model = try MissingFixtures.model(architecture)
    let (training, test) = (Self.redundant(200, seed: 1), Self.redundant(12, seed: 2))
    model.train(false)
    let inputs = test.samples.inputs
    var without = inputs
    without.presence = MissingFixtures.presence(Array(repeating: [1, 0, 1], count: 12))
    let complete = model(inputs).prediction
    let zero = (model(without).prediction - complete).abs().mean().item
    let (method, _) = try MissingFixtures.method(
      "retrieval", "{places: 256, neighbours: 1, length: 0}", model.configuration)
    let installation = try Installation(method, on: model)
    try method.fit(training.samples, on: model)
    let found = (model(without).prediction - complete).abs().mean().item
    #expect(found < zero * 0.5, "\(found) against \(zero) of zero fill")
    expectClose(model(inputs).prediction, complete, 0, "complete samples are as before")
    // Batches equal single samples.
    let rows = (0..<12).map { model(without.rows(Tensor([$0]))).prediction }
    expectClose(.concatenated(rows), model(without).prediction, 1e-5, "one by one")
    installation.isEnabled = false
    expectClose(model(inputs).prediction, complete, 0, "switched off it is the base")
  }

  @Test(arguments: PromptTests.architectures) func whatIsTrained(architecture: String) throws {
    let model = try MissingFixtures.model(architecture)
    let method = try MissingFixtures.install("retrieval", "{places: 32, length: 3}", on: model)
    let data = MissingFixtures.split(40)
    try method.fit(data.samples, on: model)
    let (base, before) = (model.copies(), model.attachments[0].storage().map { $0.storage.tensor!.floats })
    try MissingFixtures.train(model, data, epochs: 2)
    for (key, stored) in model.backbone.storage() where !key.hasPrefix("out_layer.") {
      #expect(stored.tensor!.floats == base[key], "\(key)")
    }
    for (entry, old) in zip(model.attachments[0].storage(), before) {
      #expect((entry.storage.tensor!.floats == old) == entry.key.hasPrefix("memory."), "\(entry.key)")
    }
    #expect(model.attachments[0].parameters().count == 3 * 2 + 3)
  }

  @Test func whatIsRefused() throws {
    let configuration = MissingFixtures.configuration("mult")
    expectFault(.usage) { _ = try MissingFixtures.method("retrieval", "{neighbours: 0}", configuration) }
    expectFault(.usage) { _ = try MissingFixtures.method("retrieval", "{places: 0}", configuration) }
    let one = try MissingFixtures.model("late_fusion", [.sequence("text", features: 4, length: 3)])
    expectFault(.usage) { try MissingFixtures.install("retrieval", on: one) }
  }
}
