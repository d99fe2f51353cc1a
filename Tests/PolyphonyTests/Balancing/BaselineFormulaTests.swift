import Foundation
import Polyphony
import Testing

/// The baselines' coefficients agree with cases worked by hand.
@Suite struct BaselineFormulaTests {
  @Test func onTheFlyModulation() {
    // ρ = 2 and ½.
    let two = OnTheFlyModulation.coefficients([0.8, 0.4], alpha: 0.5)
    #expect(abs(two[0] - (1 - tanh(1.0))) < 1e-12 && two[1] == 1)
    // ρ₀ = 0.6 / 0.3, the others 0.3 / 0.45.
    let three = OnTheFlyModulation.coefficients([0.6, 0.3, 0.3], alpha: 1)
    #expect(abs(three[0] - (1 - tanh(2.0))) < 1e-12 && three[1] == 1 && three[2] == 1)
    #expect(OnTheFlyModulation.coefficients([0.3], alpha: 1) == [1])
  }

  @Test func adaptiveModulation() {
    // s = 1, 2: s̄ − s = ±½, times 2: r = e, 1/e.
    let ratios = AdaptiveModulation.ratios([1, 2])
    #expect(abs(ratios[0] - exp(1)) < 1e-12 && abs(ratios[1] - exp(-1)) < 1e-12)
    // The running means are equal, so the rule slows down the leading modality and speeds up the other.
    let factors = AdaptiveModulation.coefficients([1, 2], means: [1, 1], alpha: 0.5)
    #expect(abs(factors[0] - exp(0.5 * (1 - exp(1)))) < 1e-12)
    #expect(abs(factors[1] - exp(0.5 * (1 - exp(-1)))) < 1e-12)
    // The difference is capped at 7.
    #expect(AdaptiveModulation.coefficients([20, 0], means: [0, 20], alpha: 1)[0] == exp(7))
  }

  @Test func prototypicalRebalance() {
    let (pull, entropy) = PrototypicalRebalance.weights([0.6, 0.4])
    #expect(pull[0] == 0 && abs(pull[1] - 0.5) < 1e-12)
    #expect(abs(entropy[0] - 0.5) < 1e-12 && entropy[1] == 0)
    #expect(PrototypicalRebalance.weights([0.9, 0.1]).pull[1] == 1, "clipped")
  }

  @Test func gradientBlending() throws {
    // G = 0.5, 0.2, −0.1; O = 0.1, 0.2, 0.3: 50, 5, 0.
    let weights = try #require(
      GradientBlending.weights(
        before: ([1, 1, 1], [1, 1, 1]), after: ([0.5, 0.8, 1.1], [0.4, 0.6, 0.8])))
    for (found, expected) in zip(weights, [50.0 / 55, 5.0 / 55, 0]) { #expect(abs(found - expected) < 1e-9) }
    #expect(GradientBlending.weights(before: ([1], [1]), after: ([2], [1])) == nil)
  }

  @Test(arguments: [1, 2, 3, 5])
  func shapleyWeights(count: Int) {
    let subsets = Coalitions.all(count)
    // In an additive game, each player's value is its own contribution.
    let worth = subsets.map { subset in subset.indices.reduce(0.0) { $0 + (subset[$1] ? Double($1 + 1) : 0) } }
    for (player, weights) in Coalitions.weights(count).enumerated() {
      let value = zip(weights, worth).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(abs(value - Double(player + 1)) < 1e-12)
    }
  }
}
