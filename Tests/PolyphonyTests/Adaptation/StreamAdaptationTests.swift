import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonySupport

/// Streams that take turns on one model learn as each of them would alone.
@Suite struct StreamAdaptationTests {
  private static let streams = AdaptingStreams("inputs")

  /// The loop over a whole data set says the same, bit for bit.
  @Test(
    arguments: AdaptedStreams.methods,
    ["", "steps: 2", "optimizer: sgd", "guard: {max_drift: 0.035, max_movement: 1000}"]
  )
  func aStreamLearnsAsTheLoopDoes(method: String, settings: String) throws {
    // The guard of a loop compares the spreads of eight samples or more.
    let streams = AdaptingStreams(method, settings, batchSize: 8, count: 48)
    let samples = streams.drifted(1.5, 0.5)
    let (_, outcome) = try streams.adapting.run(samples)
    let (said, state) = try streams.pass(samples, streams.adaptation())
    #expect(said.flatMap(\.self) == outcome.prediction.floats)
    #expect(state.samples == 48 && state.skipped == 0 && state.steps == 6)
    #expect(state.returns == outcome.returns.count)
    #expect(state.drift == outcome.records.last?.inputDrift ?? [:])
    #expect(outcome.prediction.floats != outcome.source?.floats)
  }

  @Test(arguments: AdaptedStreams.methods) func streamsThatTakeTurnsDoNotMix(method: String) throws {
    let streams = AdaptingStreams(method)
    try takeTurns(streams, [streams.drifted(1.5, 0.5), streams.drifted(0.5, -1), streams.drifted(1, 0)])
  }

  /// Running statistics of batch normalisations belong to a stream too.
  @Test func streamsOfImagesDoNotMix() throws {
    var streams = AdaptingStreams("tent", batchSize: 3, count: 6)
    (streams.adapting.architecture, streams.adapting.kind) = ("deeplab_v3plus", .segmentation)
    streams.adapting.modalities = 1
    let keys = try streams.adaptation().source.tensors.keys
    #expect(keys.contains { $0.hasPrefix("adapted.buffer.") })
    try takeTurns(streams, [streams.drifted(1.5, 0.5), streams.drifted(0.5, -1)])
  }

  private func takeTurns(_ streams: AdaptingStreams, _ all: [UnlabelledSplit]) throws {
    let alone = try all.map { try streams.pass($0, streams.adaptation()) }
    let adaptation = try streams.adaptation()
    var states = all.map { _ in adaptation.source }
    for batch in 0..<streams.batches {
      for stream in all.indices {
        let said = try streams.meet(all[stream], batch, &states[stream], adaptation)
        #expect(said == alone[stream].said[batch], "stream \(stream), batch \(batch)")
      }
    }
    for (stream, state) in states.enumerated() {
      #expect(state.numbers == alone[stream].state.numbers && state.numbers != adaptation.source.numbers)
      #expect(state.byteCount == adaptation.source.byteCount)
    }
    // A stream that begins now knows nothing of the others.
    var fresh = adaptation.source
    #expect(try streams.meet(all[1], 0, &fresh, adaptation) == alone[1].said[0])
  }

  /// A batch that would leave numbers that are not finite changes nothing but the count of returns.
  @Test func aBatchThatSpoilsTheStateIsRefused() throws {
    let streams = Self.streams
    let samples = streams.drifted(1.5, 0.5)
    let adaptation = try streams.adaptation()
    var state = adaptation.source
    _ = try streams.meet(samples, 0, &state, adaptation)
    var inputs = samples.rows([0, 1])
    inputs.modalities = inputs.modalities.map { $0 * Double.infinity }
    let model = try adaptation.model(as: state)
    let next = try adaptation.learned(inputs, noGrad { model(inputs).prediction }, from: state)
    #expect(next.returns == 1 && next.samples == 8)
    var spared = next
    let after = try streams.meet(samples, 1, &spared, adaptation)
    #expect(try after == streams.meet(samples, 1, &state, adaptation))
  }

  @Test(arguments: AdaptedStreams.methods) func aFileKeepsTheBits(method: String) throws {
    try withTemporaryFolder { folder in
      let streams = AdaptingStreams(method)
      let (samples, path) = (streams.drifted(1.5, 0.5), "\(folder)/stream.safetensors")
      let adaptation = try streams.adaptation()
      var state = adaptation.source
      for batch in 0..<2 { _ = try streams.meet(samples, batch, &state, adaptation) }
      let notes = ["stream": "a", "model": "m"]
      try StreamAdaptation.write([state, adaptation.source], to: path, notes: notes)
      // Another service reads the file.
      let other = try streams.adaptation()
      let file = try other.read(path, notes: notes)
      #expect(file.states.map(\.samples) == [12, 0] && file.states.map(\.steps) == [2, 0])
      #expect(file.states[0].numbers == state.numbers)
      #expect(notes.allSatisfy { file.notes[$0.key] == $0.value })
      var read = file.states[0]
      for batch in 2..<4 {
        let said = try streams.meet(samples, batch, &read, other)
        #expect(try said == streams.meet(samples, batch, &state, adaptation))
      }
      #expect(read.numbers == state.numbers && read.skipped == state.skipped)
    }
  }

  @Test func aFileOfAnotherStreamIsRefused() throws {
    try withTemporaryFolder { folder in
      let (adaptation, path) = (try Self.streams.adaptation(), "\(folder)/stream.safetensors")
      var state = adaptation.source
      let notes = ["stream": "a", "model": "m"]
      try StreamAdaptation.write([state], to: path, notes: notes)
      let other = #expect(throws: Fault.self) { try adaptation.read(path, notes: ["stream": "b"]) }
      #expect(other?.key == "stream")
      // A file with other tensors, with fewer numbers, or with numbers that are not finite is refused.
      try SafetensorsWriter.write(
        to: path, [.init("0.adapted.values", .zeros([0]))], metadata: notes.merging(["states": "1"]) { $1 })
      #expect(#expect(throws: Fault.self) { try adaptation.read(path, notes: notes) }?.kind == .badData)
      try SafetensorsWriter.write(to: path, [], metadata: notes)
      #expect(#expect(throws: Fault.self) { try adaptation.read(path, notes: notes) }?.key == "states")
      // A count beyond all streams would overflow with the next batch.
      state.skipped = .max
      try StreamAdaptation.write([state], to: path, notes: notes)
      #expect(#expect(throws: Fault.self) { try adaptation.read(path, notes: notes) }?.key == "0.skipped")
      state.skipped = 0
      state.tensors = state.tensors.mapValues { $0.dtype.isFloatingPoint ? $0 + Double.nan : $0 }
      try StreamAdaptation.write([state], to: path, notes: notes)
      #expect(#expect(throws: Fault.self) { try adaptation.read(path, notes: notes) }?.kind == .badData)
    }
  }
}
