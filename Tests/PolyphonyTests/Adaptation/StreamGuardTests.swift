import Testing
import Torch

@testable import Polyphony
@testable import PolyphonySupport

/// What a stream does with batches that collapse, and with batches that are too small.
@Suite struct StreamGuardTests {
  /// Moves all parameters by the same step with every batch, and says a given contrastive loss.
  private final class Scripted: AdaptationMethod {
    let name = "scripted"
    var settings = AdaptationSettings()
    let tensors = AdaptedTensors(.norms, lastNorm: true)
    private let contrast: (Int) -> Double

    init(rate: Double, batchSize: Int, maximumDrift: Double = 1e9, contrast: @escaping (Int) -> Double = { _ in 1 }) {
      self.contrast = contrast
      (settings.batchSize, settings.learningRate) = (batchSize, rate)
      (settings.bounds.maximumDrift, settings.bounds.maximumMovement) = (maximumDrift, 1e9)
      (settings.bounds.minimumSpread, settings.bounds.maximumSpread) = (0, 1e9)
    }

    func memory(for task: PredictionTask) -> AdaptationMemory { .optimizer }

    func adapt(_ batch: AdaptationBatch, _ session: AdaptationSession) throws(Fault) -> AdaptationStep {
      let sums = session.group.parameters.members.map { $0.storage.tensor!.sum() }
      let loss = try session.update(Tensor.stacked(sums).sum())
      return AdaptationStep(loss: loss, contrast: contrast(session.stepInEpoch), learned: batch.count)
    }
  }

  /// A stream of a scripted method says what the loop says, and goes back as often.
  private func compare(
    _ streams: AdaptingStreams, _ make: () -> Scripted
  ) throws -> (states: [StreamAdaptation.State], source: StreamAdaptation.State) {
    let samples = streams.adapting.samples()
    let outcome = try ownRandomNumbers {
      try streams.adapting.loop(streams.adapting.model(), method: make()).run(isStopped: { false })
    }
    let adaptation = try streams.adaptation(make())
    var (states, said): ([StreamAdaptation.State], [Float]) = ([adaptation.source], [])
    for batch in 0..<streams.batches {
      var state = states[batch]
      said += try streams.meet(samples, batch, &state, adaptation)
      states.append(state)
    }
    #expect(said == outcome.prediction.floats)
    #expect(states.last?.returns == outcome.returns.count)
    return (states, adaptation.source)
  }

  /// Adam moves each parameter by the learning rate, so the third step leaves the bound. So does every later one, because
  /// it starts from the same state.
  @Test func afterAReturnTheOptimizerBeginsAnew() throws {
    let streams = AdaptingStreams("tent", count: 30)
    // Half of the parameters are scales of 1 and the others are near 0, so a step is a drift of about 0.014.
    let (states, source) = try compare(streams) { Scripted(rate: 0.01, batchSize: 6, maximumDrift: 0.035) }
    #expect(states.map(\.returns) == [0, 0, 0, 1, 2, 3])
    let key = "optimizer.group.0.step"
    #expect(states.map { $0.tensors[key]?.item } == [0, 1, 2, 0, 0, 0])
    for state in states[3...] {
      #expect(state.tensors["adapted.values"]?.floats == states[2].tensors["adapted.values"]?.floats)
      let moments = { (state: StreamAdaptation.State) in state.numbers.filter { $0.key.hasPrefix("optimizer.") } }
      #expect(moments(state) == moments(source) && moments(state) != moments(states[2]))
    }
  }

  /// The first eight contrastive losses are the reference, which belongs to the stream.
  @Test func theContrastThatRisesIsRefused() throws {
    let streams = AdaptingStreams("tent", batchSize: 1, count: 24)
    let make = { Scripted(rate: 1e-5, batchSize: 1, contrast: { $0 < 8 ? 1 : 2 }) }
    let (states, _) = try compare(streams, make)
    // Of the latest eight losses five are 2 in the thirteenth batch. Eight more come before the next comparison.
    let expected = (0...24).map { $0 < 13 ? 0 : $0 < 21 ? 1 : 2 }
    #expect(states.map(\.returns) == expected)
    // The reference goes with the state: a stream that moves after ten batches is refused at the same one.
    try withTemporaryFolder { folder in
      let path = "\(folder)/stream.safetensors"
      try StreamAdaptation.write([states[10]], to: path, notes: [:])
      let other = try streams.adaptation(make())
      var state = try other.read(path, notes: [:]).states[0]
      for batch in 10..<24 {
        _ = try streams.meet(streams.adapting.samples(), batch, &state, other)
        #expect(state.returns == expected[batch + 1] && state.numbers == states[batch + 1].numbers)
      }
    }
  }

  /// Every batch leaves the bound, so the stream stays the source and counts every return.
  @Test(arguments: AdaptingStreams.training) func aBatchThatCollapsesChangesNothing(method: String) throws {
    let streams = AdaptingStreams(method, "guard: {max_drift: 0.001, max_movement: 1000}")
    let adaptation = try streams.adaptation()
    let samples = streams.drifted(1.5, 0.5)
    let (said, state) = try streams.pass(samples, adaptation)
    // The last batch has two samples, which are too few for SSA.
    #expect(state.returns == (method == "ssa" ? 3 : 4))
    #expect(try said == (0..<4).map { try streams.say(samples, $0, adaptation.source, adaptation).prediction.floats })
    #expect(state.numbers == adaptation.source.numbers)
  }

  /// The predictions of eight samples or more are compared with those of the source. Fewer have no meaningful spread.
  @Test(arguments: AdaptingStreams.training) func predictionsOfALargeBatchAreCompared(method: String) throws {
    for (size, returns) in [(7, 0), (8, 1)] {
      let streams = AdaptingStreams(
        method, "guard: {max_movement: 0.000001, max_drift: 1000}", batchSize: size, count: size)
      let (_, state) = try streams.pass(streams.drifted(1.5, 0.5), streams.adaptation())
      #expect(state.returns == returns && state.samples == size, "\(size) samples")
    }
  }

  /// A batch that is too small changes the count of samples that were skipped, and the random numbers of the next batch,
  /// as in a loop.
  @Test(arguments: [("ssa", 3), ("casp-contrast", 1)]) func aSmallBatchIsSkipped(method: String, size: Int) throws {
    let streams = AdaptingStreams(method, batchSize: size, count: 2 * size)
    let adaptation = try streams.adaptation()
    var state = try streams.pass(streams.drifted(1.5, 0.5), adaptation).state
    #expect(state.skipped == 2 * size && state.samples == 0 && state.steps == 2 && state.returns == 0)
    #expect(state.numbers == adaptation.source.numbers)
    // One more sample is enough.
    let larger = AdaptingStreams(method, batchSize: size + 1, count: size + 1)
    _ = try larger.meet(larger.drifted(1.5, 0.5), 0, &state, adaptation)
    #expect(state.skipped == 2 * size && state.samples == size + 1 && state.steps == 3)
    #expect(state.numbers != adaptation.source.numbers)
  }

  /// The methods that need no other samples by their own word are those that the options name.
  @Test func theListOfMethodsIsWhatTheySay() throws {
    func suitable(_ kind: PredictionTask.Kind) throws -> [String] {
      let configuration = Tiny.configuration("late_fusion", kind)
      return try AdaptationMethods.names.filter(AdaptationMethods.isBuiltIn).filter { name in
        let maker = try AdaptationMethods.maker(name)
        let made = try SettingsReader.read(.empty) { (reader) throws(Fault) in try maker(reader, configuration) }
        return made.value.memory(for: configuration.task) != .samples
      }
    }
    #expect(try Set(suitable(.classification)) == Set(AdaptedStreams.methods))
    #expect(try suitable(.regression) == ["inputs", "ssa", "casp-contrast"])
  }

  /// A state of `inputs` has no optimizer, and one of a method that trains has the moments of each number.
  @Test(arguments: AdaptedStreams.methods) func theBytesOfAStateAreThoseOfWhatItNeeds(method: String) throws {
    let tensors = try AdaptingStreams(method).adaptation().source.tensors
    let isTraining = method != "inputs"
    #expect((tensors["optimizer.group.0.exp_avg"]?.count == tensors["adapted.values"]?.count) == isTraining)
    #expect(tensors.keys.contains { $0.hasPrefix("optimizer.") } == isTraining)
    #expect((tensors["guard.contrast"] != nil) == isTraining)
  }
}
