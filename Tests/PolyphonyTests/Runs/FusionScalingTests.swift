import Polyphony
import Testing
import Torch

/// The formulas for the growth of costs are right.
@Suite struct FusionScalingTests {
  private func small() -> FusionScaling {
    var scaling = FusionScaling()
    (scaling.width, scaling.heads, scaling.bottleneck, scaling.featureRank, scaling.tokenRank) = (8, 2, 3, 2, 2)
    (scaling.batch, scaling.repeats) = (2, 1)
    return scaling
  }

  @Test func powersAndStraightLinesAreRecognised() throws {
    let square = (1...6).map { (x: Double($0), y: 3 * Double($0 * $0)) }
    #expect(abs(try #require(FusionScaling.exponent(square)) - 2) < 1e-9)
    #expect(try #require(FusionScaling.linearity(square)) < 0.97)
    let line = (1...6).map { (x: Double($0), y: 5 + 2 * Double($0)) }
    #expect(abs(try #require(FusionScaling.linearity(line)) - 1) < 1e-9)
    #expect(FusionScaling.exponent([(1, 1)]) == nil && FusionScaling.linearity([(1, 1), (2, 2)]) == nil)
  }

  /// The formula gives the number of the modules' parameters.
  @Test(arguments: 1...3) func parametersAreThoseOfTheModules(modalities: Int) throws {
    let scaling = small()
    let lengths = Array(repeating: 5, count: modalities)
    let cost = ContractionCost(bottleneck: 3, width: 8, featureRank: 2, tokenRank: 2, steps: 1)
    let wander = LowRankSequenceFusion(lengths: lengths, cost, zeroStart: 0).parameterCount.total
    #expect(scaling.measure(.wander, modalities: modalities, length: 5).parameters == Double(wander))
    let pair = TransformerEncoder(width: 8, heads: 2, layers: 1).parameterCount.total
    #expect(
      scaling.measure(.crossAttention, modalities: modalities, length: 5).parameters
        == Double(max(1, modalities * (modalities - 1)) * pair))
    var product = 8.0
    for _ in 0..<modalities { product *= 15 }
    #expect(
      scaling.measure(.outerProduct, modalities: modalities, length: 5).parameters
        == product + Double(modalities * 27))
  }

  @Test func wandersParametersGrowLinearlyAndTheOthersDoNot() throws {
    let scaling = FusionScaling()
    func parameters(_ form: FusionScaling.Form) -> [(x: Double, y: Double)] {
      (2...7).map { modalities in
        var scaling = scaling
        scaling.limit = 0
        return (Double(modalities), scaling.measure(form, modalities: modalities, length: 50).parameters)
      }
    }
    #expect(try #require(FusionScaling.linearity(parameters(.wander))) > 0.999_999)
    #expect(abs(try #require(FusionScaling.exponent(parameters(.wander))) - 1) < 1e-6)
    #expect(try #require(FusionScaling.exponent(parameters(.crossAttention))) > 1.9)
    #expect(try #require(FusionScaling.exponent(parameters(.outerProduct))) > 10)
  }

  @Test func whatDoesNotFitIsNotTried() {
    var scaling = small()
    scaling.limit = 100
    let point = scaling.measure(.outerProduct, modalities: 7, length: 800)
    #expect(point.seconds == nil && point.parameters > 1e20)
    scaling.limit = 1 << 20
    for form in FusionScaling.Form.allCases {
      #expect(scaling.measure(form, modalities: 2, length: 4).seconds ?? 0 > 0, "\(form)")
    }
  }
}
