import Polyphony
import Testing

/// The terms B_i agree with cases worked by hand.
@Suite struct BalancingTermsTests {
  func expect(_ found: [Double], _ expected: [Double], sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(found.count == expected.count, sourceLocation: sourceLocation)
    for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-12, "\(found)", sourceLocation: sourceLocation) }
  }

  @Test func twoModalities() {
    // Δ = 0.3, 0.1; ρ = 2/(2 − 1): B = 2 · 0.1/0.4, 2 · 0.3/0.4.
    var terms = BalancingTerms(count: 2)
    #expect(terms.rho == 2 && terms.limit == 2)
    let step = terms.update([0.3, 0.1])
    expect(step.terms, [0.5, 1.5])
    #expect(step.clamped == [false, false] && !step.isUndefined)
    // Second step: Δ = 0.1, 0.3.
    expect(terms.update([0.4, 0.4]).terms, [1.5, 0.5])
  }

  @Test func theTermsAddUpToRhoTimesOneLess() {
    let terms = BalancingTerms(count: 6, rho: 1.3, limit: 100)
    let step = terms.terms(of: [0.02, 0.05, 0.01, 0.03, 0.04, 0.05])
    #expect(abs(step.terms.reduce(0, +) - 1.3 * 5) < 1e-12)
    expect(step.terms, [0.02, 0.05, 0.01, 0.03, 0.04, 0.05].map { 1.3 * (0.2 - $0) / 0.2 })
    #expect(BalancingTerms(count: 6).rho == 1.2)
  }

  @Test func fallingScoresMirrorRisingOnes() {
    // All Δ negative: numerator and denominator change sign together.
    let terms = BalancingTerms(count: 3)
    expect(terms.terms(of: [-0.1, -0.2, -0.1]).terms, [1.125, 0.75, 1.125])
    expect(terms.terms(of: [0.1, 0.2, 0.1]).terms, [1.125, 0.75, 1.125])
  }

  @Test func mixedSignsAreClamped() {
    // Δ = 0.3, −0.1: B/ρ = −0.1/0.2, 0.3/0.2.
    let step = BalancingTerms(count: 2).terms(of: [0.3, -0.1])
    expect(step.terms, [0, 2])
    #expect(step.clamped == [true, true])
    let wide = BalancingTerms(count: 2, limit: 10).terms(of: [0.3, -0.1])
    expect(wide.terms, [0, 3])
    #expect(wide.clamped == [true, false])
  }

  @Test(arguments: [[0.0, 0, 0], [0.02, -0.01, -0.01], [0.1, 0.2, -0.30000000000000004]])
  func aVanishingSumGivesTheMean(changes: [Double]) {
    let step = BalancingTerms(count: 3).terms(of: changes)
    #expect(step.isUndefined)
    expect(step.terms, [1, 1, 1])
    expect(BalancingTerms(count: 3, rho: 1.2).terms(of: changes).terms, [0.8, 0.8, 0.8])
  }

  @Test func oneModalityIsLeftAlone() {
    var terms = BalancingTerms(count: 1)
    for score in [0.0, 0.5, 0.2] { expect(terms.update([score]).terms, [1]) }
  }

  @Test func smoothingIsAnExponentialAverage() {
    var terms = BalancingTerms(count: 2, smoothing: 0.5)
    _ = terms.update([0.4, 0.2])
    expect(terms.scores, [0.2, 0.1])
    // ε̄ = 0.5, 0.35; Δ = 0.3, 0.25.
    expect(terms.update([0.8, 0.6]).terms, [2 * 0.25 / 0.55, 2 * 0.3 / 0.55])
  }

  @Test func progressIsCountedFromTheStart() {
    // The progress above chance is 0.4 and 0.1. The smoothing cancels in B, except for the content of the average.
    var terms = BalancingTerms(count: 2, smoothing: 0.999, start: 0.5)
    expect(terms.update([0.9, 0.6]).terms, [2 * 0.1 / 0.5, 2 * 0.4 / 0.5])
    // ε̄ = 0.5004, 0.5001. While scores are constant, B is almost constant too.
    expect(terms.update([0.9, 0.6]).terms, [2 * 0.0999 / 0.4995, 2 * 0.3996 / 0.4995])
    // From 0, the score of chance counts as progress and makes the terms more similar.
    var published = BalancingTerms(count: 2, smoothing: 0.999)
    expect(published.update([0.9, 0.6]).terms, [2 * 0.6 / 1.5, 2 * 0.9 / 1.5])
  }

  /// The formula as published, where the strong modality has saturated and the weak one still learns.
  @Test func aSaturatedModalityGetsEverything() {
    // Δ_s = 0 and Δ_w > 0: the weak one gets ρ · 0.
    expect(BalancingTerms(count: 2).terms(of: [0, 0.02]).terms, [2, 0])
    var terms = BalancingTerms(count: 2, rho: 1.3)
    _ = terms.update([1, 0.55])
    for weak in [0.6, 0.65, 0.8] { expect(terms.update([1, weak]).terms, [1.3, 0]) }
    // Of more modalities the saturated one gets ρ, and the others share ρ(M − 2).
    for changes in [[0, 0.02, 0.02], [0, 0.01, 0.03]] {
      let step = BalancingTerms(count: 3).terms(of: changes)
      #expect(step.terms[0] == 1.5 && abs(step.terms[1] + step.terms[2] - 1.5) < 1e-12)
    }
  }

  @Test func levelsSpeedUpWhatHasComeLessFar() {
    var terms = BalancingTerms(count: 2, smoothing: 0.99, start: 0.5, measure: .level)
    // Levels 0.004 and 0.001 after the first batch: B = 2 · 0.001/0.005, 2 · 0.004/0.005.
    expect(terms.update([0.9, 0.6]).terms, [0.4, 1.6])
    // Scores that stay give the same terms for ever, in contrast to the published ones.
    for _ in 0..<20 { expect(terms.update([0.9, 0.6]).terms, [0.4, 1.6]) }
    // A score at or below chance counts as a level of 0.001.
    var chance = BalancingTerms(count: 2, smoothing: 0, start: 0.5, measure: .level)
    expect(chance.update([0.7, 0.4]).terms, [2 * 0.001 / 0.201, 2 * 0.2 / 0.201])
    expect(chance.update([0.5, 0.1]).terms, [1, 1])
  }
}
