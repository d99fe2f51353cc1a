import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonySupport

/// The map of the inputs, from sums over samples to an adapted model.
@Suite struct InputAlignmentTests {
  private static let strata = 3

  /// Random features of three classes, `[N, S, D]`, with the classes as weights.
  private static func samples(steps: Int, count: Int = 60) -> (x: Tensor, weights: Tensor) {
    let generator = Generator(seed: 4)
    let classes = Tensor((0..<count).map { $0 * $0 % Self.strata })
    let centres = Tensor.normal([Self.strata, steps, 5], generator: generator) * 2
    let x = Tensor.normal([count, steps, 5], generator: generator) + centres.rows(classes)
    return (x.to(.float64), classes.oneHot(Self.strata).to(.float64))
  }

  private static func sums(_ x: Tensor, _ weights: Tensor, steps: Int, lengths: Tensor? = nil) -> MomentSums {
    var sums = MomentSums(strata: Self.strata, steps: steps, features: x.size(2))
    sums.add(Inputs([x], lengths: [lengths]), modality: 0, weights: weights)
    return sums
  }

  /// Features that were moved and scaled come back, whichever classes are frequent.
  @Test(arguments: [1, 3]) func undoesAnAffineDrift(steps: Int) {
    let (x, weights) = Self.samples(steps: steps)
    let source = Self.sums(x, weights, steps: steps)
    let scale = Tensor((0..<5).map { 0.5 + 0.1 * Double($0) })
    let drifted = x * scale + Tensor((0..<5).map { Double($0) - 3 })
    let target = Self.sums(drifted, weights, steps: steps)
    let shares = weights.mean(0)
    let (a, b) = AffineFit.map(target, to: source.moments, shares: shares, strength: 1e-9)
    #expect((drifted * a + b - x).abs().maximum(0).maximum(0).maximum(0).item < 0.05, "up to the variances' floor")
    // Without class 0 the mean is another one, and the map is still the same.
    let rows = Tensor((0..<60).filter { $0 * $0 % Self.strata != 0 })
    let part = Self.sums(drifted.rows(rows), weights.rows(rows), steps: steps)
    let (c, d) = AffineFit.map(part, to: source.moments, shares: shares, strength: 1e-9)
    #expect(((drifted * c + d) - x).abs().mean().item < 0.1)
    let whole = drifted.mean(0) - drifted.rows(rows).mean(0)
    #expect(whole.abs().mean().item > 0.2, "the mix alone moves the mean")
    #expect(part.drift(from: source.moments).distance > 1)
    #expect(Self.sums(x.rows(rows), weights.rows(rows), steps: steps).drift(from: source.moments).distance < 0.1)
  }

  /// The map minimises its own objective: no small change lowers it.
  @Test func isTheMinimum() {
    let (x, weights) = Self.samples(steps: 1)
    let source = Self.sums(x, weights, steps: 1).moments
    let drifted = x * 0.6 + 0.02 * x.squared()
    let (strength, shares) = (7.0, weights.mean(0))
    let (a, b) = AffineFit.map(
      Self.sums(drifted, weights, steps: 1), to: source, shares: shares, strength: strength)
    func objective(_ a: Tensor, _ b: Tensor) -> Double {
      let variance = source.variance + 1e-3
      let own = drifted.squeezed(1) * a + b
      let mean = weights.matmul(source.mean.squeezed(1))
      let target = ((own - mean).squared() + 1e-3 * a.squared()) / variance * 0.5 - a.log()
      // A source sample of class k has mean μ_k and variance v.
      let moved = source.mean.squeezed(1)
      let kept = ((moved * a + b - moved).squared() + a.squared() * variance) / variance * 0.5 - a.log()
      return (target.sum(0) + strength * (shares.unsqueezed(1) * kept).sum(0)).sum().item
    }
    let least = objective(a, b)
    for change in [0.01, -0.01] {
      #expect(objective(a + change, b) > least && objective(a, b + change) > least)
    }
  }

  /// Noise makes features vary more. The map must not shrink the signal with it.
  @Test func noiseIsLeftAlone() {
    let (x, weights) = Self.samples(steps: 1)
    let noisy = x + Tensor.normal([60, 1, 5], generator: Generator(seed: 8)).to(.float64) * 3
    let (a, _) = AffineFit.map(
      Self.sums(noisy, weights, steps: 1), to: Self.sums(x, weights, steps: 1).moments, shares: weights.mean(0),
      strength: 1e-9)
    #expect(a.doubles.allSatisfy { $0 == 1 })
  }

  /// Steps behind a sample's length have no influence, and a long sample counts like a short one.
  @Test func paddingDoesNotCount() {
    let (x, weights) = Self.samples(steps: 4)
    let lengths = Tensor((0..<60).map { 1 + $0 % 4 })
    let padded = Self.sums(x, weights, steps: 1, lengths: lengths)
    let mask = (Tensor.range(4).unsqueezed(0) .< lengths.unsqueezed(1)).unsqueezed(2)
    let other = x.selected(where: mask, otherwise: .full([], 9, dtype: .float64))
    let noisy = Self.sums(other, weights, steps: 1, lengths: lengths)
    #expect(padded.sum.doubles == noisy.sum.doubles && padded.square.doubles == noisy.square.doubles)
    #expect(abs(padded.count.sum().item - 60) < 1e-9)
  }

  /// Without strata the map matches mean and variance.
  @Test func withoutStrataItStandardises() {
    let x = Self.samples(steps: 1).x * 0.2 + 2
    var sums = MomentSums(strata: 1, steps: 1, features: 5)
    sums.add(Inputs([x]), modality: 0, weights: .ones([60, 1], dtype: .float64))
    let (a, b) = AffineFit.map(
      sums, to: .standard(features: 5), shares: .ones([1], dtype: .float64), strength: 1e-9)
    let moved = (x * a + b).squeezed(1)
    #expect(moved.mean(0).abs().maximum(0).item < 1e-6)
    // A floor of 0.001 under both variances keeps a from exactly 1/s.
    let own = x.squeezed(1).variance(0)
    #expect((moved.variance(0) - own * 1.001 / (own + 0.001)).abs().maximum(0).item < 1e-7)
  }

  /// An adapted model answers drifted samples more like the source answers the samples before the drift. The modality
  /// that drifts says least about the classes, so most answers are right from the start.
  @Test(arguments: [false, true]) func theModelAnswersAsBefore(isOnline: Bool) throws {
    var adapting = Adapting.named("inputs", online: isOnline)
    (adapting.kind, adapting.count) = (.classification, 200)
    adapting.settings = isOnline ? "half_life: 100000" : ""
    let model = try adapting.model()
    let batch = Tiny.batch(adapting.configuration, count: 200, seed: 12)
    let source = LabelledSplit(
      samples: UnlabelledSplit(name: "source", inputs: batch.inputs), target: batch.target)
    var settings = Tiny.settings(epochs: 10)
    settings.learningRate = 0.01
    _ = try ownRandomNumbers {
      try Trainer(model, training: source, validation: source, settings: settings, seed: 1).run()
    }
    model.sourceMoments = .measured(model, training: source, validation: source)
    let before = model.predict(source.samples).prediction
    var drifted = batch.inputs
    drifted.modalities[2] = drifted.modalities[2] * 0.5 + 3
    let samples = UnlabelledSplit(name: "drifted", inputs: drifted)
    let lost = (model.predict(samples).prediction - before).abs().mean().item
    let outcome = try adapting.loop(model, samples).run(isStopped: { false })
    let left = (model.predict(samples).prediction - before).abs().mean().item
    #expect(left < 0.7 * lost, "\(lost) before, \(left) after")
    let drift = try #require(outcome.records.last?.inputDrift)
    #expect(drift["m2"]! > 1 && drift["m0"]! < 0.4 * drift["m2"]! && drift["m1"]! < 0.4 * drift["m2"]!, "\(drift)")
    #expect(outcome.notes.contains { $0.hasPrefix("m2 has drifted by") })
  }

  /// A sequence of another length than in training is aligned by moments that all steps share.
  @Test func anotherLength() throws {
    let adapting = Adapting.named("inputs")
    let model = try adapting.model()
    var inputs = adapting.samples().inputs
    inputs.modalities[0] = inputs.modalities[0].slice(1, 0, 2)
    let outcome = try adapting.loop(model, UnlabelledSplit(name: "short", inputs: inputs)).run(isStopped: { false })
    #expect(outcome.prediction.isFinite)
  }
}
