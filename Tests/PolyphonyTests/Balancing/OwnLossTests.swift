import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// MMPareto and ARL, which give each encoder a loss of its own, agree with cases worked by hand and with autograd.
@Suite struct OwnLossTests {
  @Test func agreeingGradientsAreAdded() {
    // g_m = (1, 0), g_u = (1, 1).
    let weights = ParetoGradients.weights(fused: 1, own: 2, product: 1, gamma: 1.5)
    #expect(weights.fused == 1.5 && weights.own == 1.5)
  }

  @Test func conflictingGradientsAreCombinedToDescend() {
    // g_m = (2, 0), g_u = (−1, 1): α = (2 + 2)/(4 + 4 + 2) = 0.4, h = 0.8 g_m + 1.2 g_u = (0.4, 1.2). Its length √1.6
    // is less than |g_m + g_u| = √2, so it is stretched by √1.25.
    let weights = ParetoGradients.weights(fused: 4, own: 2, product: -2, gamma: 1)
    #expect(abs(weights.fused - 0.8 * 1.25.squareRoot()) < 1e-12)
    #expect(abs(weights.own - 1.2 * 1.25.squareRoot()) < 1e-12)
    // Neither loss rises along −h: h · g_m and h · g_u are 0.8 √1.25.
    let (along, across) = (weights.fused * 4 - weights.own * 2, -weights.fused * 2 + weights.own * 2)
    #expect(abs(along - 0.8 * 1.25.squareRoot()) < 1e-12 && abs(across - along) < 1e-12)
  }

  @Test func theShorterGradientMayStandAlone() {
    // g_m = (4, 0), g_u = (0, 0), and the mirror case.
    #expect(ParetoGradients.weights(fused: 16, own: 0, product: 0, gamma: 1) == (0, 2))
    #expect(ParetoGradients.weights(fused: 0, own: 16, product: 0, gamma: 1) == (2, 0))
    // g_m = −g_u: nothing is left, and nothing is divided by zero.
    #expect(ParetoGradients.weights(fused: 1, own: 1, product: -1, gamma: 1) == (1, 1))
    #expect(ParetoGradients.weights(fused: 0, own: 0, product: 0, gamma: 1) == (1, 1))
  }

  @Test func coefficientsFollowEntropyAndSize() {
    // h = ¼, ¾ with the first at least 0.3: v = (1/0.3, 1/0.75) over their sum = 5/7, 2/7. d = ¾, ¼ leaves ¼, ¾.
    let found = AsymmetricLearning.coefficients(entropies: [0.2, 0.6], sizes: [3, 1], temperature: 8)
    let raw = [exp(8 * 0.25 * 5 / 7), exp(8 * 0.75 * 2 / 7)]
    for (a, b) in zip(found, raw) { #expect(abs(a - b / (raw[0] + raw[1])) < 1e-12) }
    // Three modalities: the others' part of a size is (1 − d)/2.
    let three = AsymmetricLearning.coefficients(entropies: [1, 1, 1], sizes: [2, 1, 1], temperature: 3)
    let parts = [exp(0.25), exp(0.375), exp(0.375)]
    for (a, b) in zip(three, parts) { #expect(abs(a - b / parts.reduce(0, +)) < 1e-12) }
    let even = AsymmetricLearning.coefficients(entropies: [0, 0], sizes: [0, 0], temperature: 8)
    #expect(even == [0.5, 0.5])
  }

  /// The gradients of each group after a step's loss, backward and adjustment.
  private func gradients(_ name: String, _ settings: String, epoch: Int = 0) throws -> [String: Tensor] {
    let configuration = Tiny.configuration("encoder_fusion", modalities: 2)
    let model = try Tiny.model(configuration)
    let strategy = try Tiny.strategy(name, model, settings)
    let optimizer = SGD(try #require(strategy.groups(model, Tiny.settings(optimizer: .sgd))))
    optimizer.zeroGradients()
    let batch = Tiny.batch(configuration)
    let output = model(batch.inputs, encodings: true)
    let loss = TaskLoss(configuration.task)
    let step = TrainingStep(
      epoch: epoch, index: 0, model: model, optimizer: optimizer, batch: batch, output: output, loss: loss,
      taskLoss: loss(output.prediction, batch.target))
    strategy.loss(step).backward()
    strategy.adjustGradients(step)
    return Dictionary(uniqueKeysWithValues: optimizer.groups.map { ($0.name, $0.parameters.gradients) })
  }

  @Test func paretoCombinesTheTwoGradientsOfEachEncoder() throws {
    // Without adjustment, ARL's loss gives g_m for γ = 0, and g_m + g_u for γ = 1. Its heads are the same.
    let fused = try gradients("arl", "arl: {gamma: 0}")
    let both = try gradients("arl", "arl: {gamma: 1}")
    let found = try gradients("mmpareto", "mmpareto: {gamma: 1}")
    expectClose(try #require(found["shared"]), try #require(fused["shared"]), 1e-6, "the fused loss alone")
    expectClose(try #require(found["strategy"]), try #require(both["strategy"]), 1e-6, "the heads have their own loss")
    for name in ["encoder.m0", "encoder.m1"] {
      let (m, sum) = (try #require(fused[name]), try #require(both[name]))
      let u = sum - m
      #expect(u.norm().item > 1e-3 && m.norm().item > 1e-3)
      let weights = ParetoGradients.weights(
        fused: (m * m).sum().item, own: (u * u).sum().item, product: (m * u).sum().item, gamma: 1)
      expectClose(try #require(found[name]), m * weights.fused + u * weights.own, 1e-5, name)
    }
  }

  @Test func asymmetryScalesGradientsAfterItsStart() throws {
    let before = try gradients("arl", "arl: {start: 5}", epoch: 5)
    let after = try gradients("arl", "arl: {start: 5}", epoch: 6)
    expectClose(try #require(after["shared"]), try #require(before["shared"]), 0, "shared")
    var sum = 0.0
    for name in ["encoder.m0", "encoder.m1"] {
      let (a, b) = (try #require(before[name]), try #require(after[name]))
      let factor = (a * b).sum().item / (a * a).sum().item
      expectClose(b, a * factor, 1e-5, name)
      sum += factor
    }
    // The coefficients add up to 1.
    #expect(abs(sum - 3) < 1e-4)
  }
}
