import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonySupport

/// Streams that take turns on one model learn as each of them would alone.
@Suite struct StreamAdaptationTests {
  private static let adapting = Adapting.named("inputs", online: true)

  private func makeAdaptation(_ samples: UnlabelledSplit) throws -> StreamAdaptation {
    try StreamAdaptation(
      Self.adapting.model(), method: Self.adapting.makeMethod(), example: samples.rows([0]))
  }

  /// Samples that have drifted by a factor and a shift of their own.
  private func drifted(_ scale: Double, _ shift: Double) -> UnlabelledSplit {
    var inputs = Self.adapting.samples().inputs
    inputs.modalities = inputs.modalities.map { $0 * scale + shift }
    return UnlabelledSplit(name: "drifted", inputs: inputs)
  }

  /// Predicts a batch of six samples, and learns from it.
  private func meet(
    _ samples: UnlabelledSplit, _ batch: Int, _ state: inout StreamAdaptation.State, _ adaptation: StreamAdaptation
  ) throws -> [Float] {
    let inputs = samples.rows(Array(batch * 6..<min(batch * 6 + 6, samples.count)))
    let model = try adaptation.model(as: state)
    let prediction = noGrad { model(inputs).prediction }
    state = try adaptation.learned(inputs, prediction, from: state)
    return prediction.floats
  }

  /// The loop over a whole data set says the same, bit for bit.
  @Test func aStreamLearnsAsTheLoopDoes() throws {
    let samples = drifted(1.5, 0.5)
    let (_, outcome) = try Self.adapting.run(samples)
    let adaptation = try makeAdaptation(samples)
    var (state, said): (StreamAdaptation.State, [Float]) = (adaptation.source, [])
    for batch in 0..<4 { said += try meet(samples, batch, &state, adaptation) }
    #expect(said == outcome.prediction.floats)
    #expect(state.samples == 20 && state.steps == 4 && state.returns == 0)
    #expect(state.drift == outcome.records.last?.inputDrift)
    #expect(said != outcome.source?.floats)
  }

  @Test func streamsThatTakeTurnsDoNotMix() throws {
    let all = [drifted(1.5, 0.5), drifted(0.5, -1), drifted(1, 0)]
    let alone = try all.map { samples in
      let adaptation = try makeAdaptation(samples)
      var state = adaptation.source
      return try (0..<4).map { try meet(samples, $0, &state, adaptation) }
    }
    let adaptation = try makeAdaptation(all[0])
    var states = all.map { _ in adaptation.source }
    for batch in 0..<4 {
      for stream in all.indices {
        let said = try meet(all[stream], batch, &states[stream], adaptation)
        #expect(said == alone[stream][batch], "stream \(stream), batch \(batch)")
      }
    }
    // A stream that begins now knows nothing of the others.
    var fresh = adaptation.source
    #expect(try meet(all[1], 0, &fresh, adaptation) == alone[1][0])
  }

  /// A batch that would leave numbers that are not finite changes nothing but the count of returns.
  @Test func aBatchThatSpoilsTheStateIsRefused() throws {
    let samples = drifted(1.5, 0.5)
    let adaptation = try makeAdaptation(samples)
    var state = adaptation.source
    _ = try meet(samples, 0, &state, adaptation)
    var inputs = samples.rows([0, 1])
    inputs.modalities = inputs.modalities.map { $0 * Double.infinity }
    let model = try adaptation.model(as: state)
    let next = try adaptation.learned(inputs, noGrad { model(inputs).prediction }, from: state)
    #expect(next.returns == 1 && next.samples == 8)
    var spared = next
    #expect(try meet(samples, 1, &spared, adaptation) == meet(samples, 1, &state, adaptation))
  }

  @Test func aFileKeepsTheBits() throws {
    try withTemporaryFolder { folder in
      let (samples, path) = (drifted(1.5, 0.5), "\(folder)/stream.safetensors")
      let adaptation = try makeAdaptation(samples)
      var state = adaptation.source
      for batch in 0..<2 { _ = try meet(samples, batch, &state, adaptation) }
      let notes = ["stream": "a", "model": "m"]
      try StreamAdaptation.write([state, adaptation.source], to: path, notes: notes)
      let file = try adaptation.read(path, notes: notes)
      #expect(file.states.map(\.samples) == [12, 0] && file.states.map(\.steps) == [2, 0])
      #expect(notes.allSatisfy { file.notes[$0.key] == $0.value })
      var read = file.states[0]
      for batch in 2..<4 {
        #expect(try meet(samples, batch, &read, adaptation) == meet(samples, batch, &state, adaptation))
      }
      let other = #expect(throws: Fault.self) { try adaptation.read(path, notes: ["stream": "b"]) }
      #expect(other?.key == "stream")
      // A file with other tensors, with fewer numbers, or with numbers that are not finite is refused.
      try SafetensorsWriter.write(
        to: path, [.init("0.adapted.values", .zeros([0]))], metadata: notes.merging(["states": "1"]) { $1 })
      #expect(#expect(throws: Fault.self) { try adaptation.read(path, notes: notes) }?.kind == .badData)
      try SafetensorsWriter.write(to: path, [], metadata: notes)
      #expect(#expect(throws: Fault.self) { try adaptation.read(path, notes: notes) }?.key == "states")
      state.tensors = state.tensors.mapValues { $0.dtype.isFloatingPoint ? $0 + Double.nan : $0 }
      try StreamAdaptation.write([state], to: path, notes: notes)
      #expect(#expect(throws: Fault.self) { try adaptation.read(path, notes: notes) }?.kind == .badData)
    }
  }
}
