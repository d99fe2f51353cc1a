/// Multiply-adds of a low-rank sequence fusion for one sample, by formula.
///
/// The factor of a modality is P^{(k,j)} = V^{(k)} z U^{(j)} for all token ranks k and feature ranks j. Both orders give
/// the same value:
/// * tokens first, (V z) U: R_t·T·L·r + R_t·R_d·T·r·d,
/// * features first, V (z U): R_d·L·r·d + R_t·R_d·T·L·d.
/// The last product runs over r in the first order and over L in the second. Tokens first is cheaper for long sequences
/// (7.3M against 24.3M for the sizes of Food-101, with the ranks summed), features first for vectors and short sequences.
///
/// ```swift
/// let cost = ContractionCost(bottleneck: 16, width: 40, featureRank: 8, tokenRank: 12, steps: 1)
/// let multiplyAdds = cost.total([50, 375, 500])
/// ```
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

  /// The sizes on which costs depend, besides lengths.
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

  /// True if to contract tokens first.
  public func prefersTokensFirst(_ length: Int) -> Bool { tokensFirst(length) <= featuresFirst(length) }

  /// The cost for modalities of these lengths: down-projections, factors in the cheaper order, products and sum.
  ///
  /// The cost is linear in the number of modalities and in their lengths.
  public func total(_ lengths: [Int]) -> Int {
    let products = tokenRank * featureRank * steps * width
    return lengths.reduce(0) { sum, length in
      sum + length * width * bottleneck + min(tokensFirst(length), featuresFirst(length)) + products
    }
  }
}
