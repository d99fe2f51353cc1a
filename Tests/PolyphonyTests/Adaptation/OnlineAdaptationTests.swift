import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// Online adaptation predicts each batch of a stream, then learns from it.
@Suite struct OnlineAdaptationTests {
  @Test(arguments: AdaptationMethods.names) func reportsWhatWasSaidBeforeLearning(method: String) throws {
    var adapting = Adapting.named(method, online: true)
    adapting.dropout = method == "casp-pseudo" ? 0.2 : 0
    let samples = adapting.samples()
    let (_, outcome) = try adapting.run(samples)
    let untouched = try adapting.model()
    let source = untouched.predict(samples, batchSize: 6).prediction
    expectClose(try #require(outcome.source), source, 1e-6, "the source's")
    #expect(outcome.prediction[0..<6].floats == outcome.source?[0..<6].floats, "nothing was learned before the first")
    // The prediction of a batch is that of a model after the batches before it, and not after the batch itself.
    for batch in 1..<3 {
      let seen = samples.subset(Array(0..<(batch * 6)))
      let (model, _) = try adapting.run(seen)
      let said = model.predict(samples.subset(Array((batch * 6)..<(batch * 6 + 6)))).prediction
      expectClose(outcome.prediction[(batch * 6)..<(batch * 6 + 6)], said, 1e-6, "batch \(batch)")
    }
    let idle = ["source", "norm"].contains(method)
    #expect((outcome.updated?.floats == outcome.source?.floats) == idle)
    #expect(outcome.records.count == 4, "20 samples in batches of 6")
  }

  @Test func aStreamIsNotShuffledAndTheFutureDoesNotMatter() throws {
    let adapting = Adapting.named("casp", online: true)
    let samples = adapting.samples()
    var other = samples.inputs
    // From the third batch on, the samples differ.
    other.modalities = other.modalities.map { .concatenated([$0[0..<12], $0[12..<20] * 3 + 1]) }
    let one = try adapting.run(samples).outcome.prediction
    let two = try adapting.run(UnlabelledSplit(name: "other", inputs: other)).outcome.prediction
    #expect(one[0..<12].floats == two[0..<12].floats)
    #expect(one[12..<20].floats != two[12..<20].floats)
  }

  @Test func episodesForgetEachOther() throws {
    var adapting = Adapting.named("tent", online: true)
    adapting.settings = "episodic: true, steps: 3"
    let samples = adapting.samples()
    let whole = try adapting.run(samples).outcome
    let last = try adapting.run(samples.subset(Array(12..<18))).outcome
    expectClose(whole.prediction[12..<18], last.prediction, 1e-6, "a batch alone gives the same")
    #expect(whole.prediction.floats == whole.updated?.floats, "reported after, because before is the source")
    #expect(whole.prediction.floats != whole.source?.floats)
    adapting.isOnline = false
    let fault = #expect(throws: Fault.self) { try adapting.run() }
    #expect(fault?.key == "adaptation.episodic")
  }

  @Test func pseudoLabelsAreLearnedOnceAWindow() throws {
    var adapting = Adapting.named("casp-pseudo", online: true)
    adapting.dropout = 0.2
    adapting.settings = "contrast_epochs: 1, snapshot_interval: 1, share: 0.3, window: 2"
    let (_, outcome) = try adapting.run()
    #expect(outcome.records.map { $0.learned > 0 } == [false, true, false, true], "batches of 6, 6, 6 and 2")
  }

  @Test func theWindowFollowsRecentBatches() throws {
    var adapting = Adapting.named("casp", online: true)
    adapting.settings += ", window: 2"
    let method = try adapting.makeMethod()
    _ = try adapting.loop(adapting.model(), method: method).run(isStopped: { false })
    let saved = Dictionary(uniqueKeysWithValues: method.state().map { ($0.key, $0.tensor) })
    #expect(saved["window.0.indices"]?.integers == Array(12..<18) && saved["window.1.indices"]?.integers == [18, 19])
    #expect(saved["window.2.indices"] == nil)
    // The predictions before learning, after the batch's own step, and after the next batch's step.
    #expect(saved["window.0.count"]?.integers == [3] && saved["window.1.count"]?.integers == [2])
  }
}
