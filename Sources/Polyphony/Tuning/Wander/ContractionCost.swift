/// Multiply-adds of a low-rank sequence fusion for one sample, by formula.
///
/// The factor of a modality is P^{(k,j)} = V^{(k)} z U^{(j)} for all token ranks k and feature ranks j. Both orders give
/// the same value:
/// * tokens first, (V z) U: R_t·T·L·r + R_t·R_d·T·r·d,
/// * features first, V (z U): R_d·L·r·d + R_t·R_d·T·L·d.
/// The last product runs over r in one and over L in the other: long sequences want tokens first (Food-101 sizes with
/// the ranks summed: 7.3M against 24.3M), vectors and short sequences features first.
public struct ContractionCost: Equatable, Sendable {
  /// Bottleneck r.
  public var bottleneck: Int
  /// Features per step d.
  public var width: Int
  /// R_d.
  public var featureRank: Int
  /// R_t.
  public var tokenRank: Int
  /// T.
  public var steps: Int

  /// The sizes that costs depend on, besides lengths.
  public init(bottleneck: Int, width: Int, featureRank: Int, tokenRank: Int, steps: Int) {
    (self.bottleneck, self.width) = (bottleneck, width)
    (self.featureRank, self.tokenRank, self.steps) = (featureRank, tokenRank, steps)
  }

  /// (V z) U for a modality of `length` steps.
  public func tokensFirst(_ length: Int) -> Int {
    tokenRank * steps * length * bottleneck + tokenRank * featureRank * steps * bottleneck * width
  }

  /// V (z U) for a modality of `length` steps.
  public func featuresFirst(_ length: Int) -> Int {
    featureRank * length * bottleneck * width + tokenRank * featureRank * steps * length * width
  }

  /// Whether tokens are to be contracted first.
  public func prefersTokensFirst(_ length: Int) -> Bool { tokensFirst(length) <= featuresFirst(length) }

  /// Everything, for modalities of these lengths: down-projections, factors in the cheaper order, products and sum.
  ///
  /// Linear in the number of modalities and in their lengths.
  public func total(_ lengths: [Int]) -> Int {
    let products = tokenRank * featureRank * steps * width
    return lengths.reduce(0) { sum, length in
      sum + length * width * bottleneck + min(tokensFirst(length), featuresFirst(length)) + products
    }
  }
}
