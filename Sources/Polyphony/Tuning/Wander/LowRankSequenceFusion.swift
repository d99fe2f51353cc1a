import Torch

/// A module that joins the sequences of all modalities into T fused steps.
protocol SequenceFusion: Module {
  /// T.
  var steps: Int { get }
  /// The first `limit` fused steps (all without one), `[B, T, d]`.
  /// - Parameter present: whether the samples have each modality, `[B]`; nil where all have it.
  func fuse(_ tokens: [Tokens], present: [Tensor?], limit: Int?) -> Tensor
}

/// Wander's low-rank fusion of whole sequences (Guo et al. 2025, arXiv 2412.08979).
///
/// z_m = GELU(h_m W_m + b_m) `[B, L_m, r]`;
/// F = Σ_k Σ_j ⊙_m (V_m^{(k)} z_m U_m^{(j)}) `[B, T, d]`
/// with V_m^{(k)} `[T, L_m]` for k = 1…R_t and U_m^{(j)} `[r, d]` for j = 1…R_d. That is the full outer product of all
/// tokens and features of all modalities with a weight tensor in CP form. The product over modalities comes before the sum
/// over ranks; in the other order every rank but one has no effect.
///
/// * Padding gets no weight in V. A sequence of fewer steps than L_m uses V's first columns, and steps beyond L_m are left
///   out.
/// * An absent modality's factor is 1.
/// * `constant` appends one element that is always 1 to each modality's z (as in tensor fusion networks, Zadeh et al.
///   2017). It has factors v^{(k)} `[T]` and u^{(j)} `[d]` of its own, V z U + v uᵀ, so that interactions of fewer
///   modalities survive in the product.
///
/// The outer product is never in memory, nor are all factors P_m at once (`RankProducts`, ``ContractionCost``).
/// Parameters: M(d·r + r) + M·R_d·r·d + R_t·T·ΣL_m, with a constant M·R_d·d + M·R_t·T more.
public final class LowRankSequenceFusion: Module, SequenceFusion {
  /// W_m and b_m by modality.
  @Child("down") public var down: [Linear]
  /// U_m, `[R_d, r, d]`, and with a constant `[R_d, r + 1, d]`.
  @Child("feature") public var features: [Factor]
  /// V_m, `[R_t, T, L_m]`.
  @Child("token") public var tokens: [Factor]
  /// v_m, `[R_t, T]`; empty without a constant.
  @Child("constant") public var constants: [Factor]
  /// The sizes, which determine the cost of the evaluation.
  public let cost: ContractionCost

  /// T.
  public var steps: Int { cost.steps }

  /// A fusion with random factors.
  ///
  /// U ~ N(0, 1/r), V ~ 1/L_m + N(0, 1/L_m), which is a mean over the sequence plus noise that keeps z's scale. A product
  /// of M such factors shrinks with every modality, and the gradients with it. With a constant the factors are 1 + V z U
  /// instead (u = 1, v = 1), so that a product of many starts near 1 and each modality has an effect by itself. The u and v
  /// of the second modality are ±1/√R_d and ±1/√R_t, so that the sum over ranks has mixed signs and size 1, also where the
  /// first modality is missing. Those of the first are random, u ~ N(0, 1/r) and v ~ N(0, 1).
  /// - Parameters:
  ///   - lengths: L_m of each modality.
  ///   - cost: the sizes r, d, R_d, R_t and T.
  ///   - constant: whether a constant 1 is appended to every modality.
  ///   - zeroStart: the modality whose token factors start at zero, so that F is 0. These factors get a gradient at once,
  ///     all others as soon as these have moved. Factors that are all zero, as released, would stay zero for ever.
  public init(lengths: [Int], _ cost: ContractionCost, constant: Bool = false, zeroStart: Int?) {
    self.cost = cost
    super.init()
    let (r, d) = (cost.bottleneck, cost.width)
    down = lengths.map { _ in Linear(d, r) }
    features = lengths.indices.map { index in
      let random = Tensor.normal([cost.featureRank, r, d]) * (1 / Double(r).squareRoot())
      guard constant else { return Factor(random) }
      let row =
        Self.constants([cost.featureRank, 1, d], index, ranks: cost.featureRank)
        / (index == 0 ? Double(r).squareRoot() : 1)
      return Factor(.concatenated([random, row], 1))
    }
    tokens = lengths.enumerated().map { index, length in
      let shape = [cost.tokenRank, cost.steps, length]
      guard index != zeroStart else { return Factor(.zeros(shape)) }
      return Factor(.normal(shape) * (1 / Double(length).squareRoot()) + 1 / Double(length))
    }
    constants =
      !constant
      ? []
      : lengths.indices.map { index in
        let shape = [cost.tokenRank, cost.steps]
        return Factor(index == zeroStart ? .zeros(shape) : Self.constants(shape, index, ranks: cost.tokenRank))
      }
  }

  /// Starting values of the constant's factors: random for the first modality, signs for the second, 1 for all others.
  private static func constants(_ shape: [Int], _ index: Int, ranks: Int) -> Tensor {
    switch index {
    case 0: .normal(shape)
    case 1: ((Tensor.uniform(shape) .< 0.5).to(.float32) * 2 - 1) / Double(ranks).squareRoot()
    default: .ones(shape)
    }
  }

  /// The first `limit` fused steps (all without one) of encoded sequences h_m `[B, L_m, d]`, `[B, T, d]`.
  public func fuse(_ tokens: [Tokens], present: [Tensor?], limit: Int?) -> Tensor {
    fuse(zip(tokens, down).map { Tokens($1($0.values).gelu(), mask: $0.mask) }, present, limit)
  }

  /// F of down-projected sequences z_m `[B, L_m, r]`.
  public func product(_ bottlenecks: [Tokens], present: [Tensor?]? = nil) -> Tensor {
    fuse(bottlenecks, present ?? bottlenecks.map { _ in nil }, nil)
  }

  private func fuse(_ bottlenecks: [Tokens], _ present: [Tensor?], _ limit: Int?) -> Tensor {
    let pairs = bottlenecks.indices.map { operands($0, bottlenecks[$0], limit) }
    return RankProducts.sum(
      left: pairs.map(\.left), right: pairs.map(\.right), present: present, tokenRanks: cost.tokenRank,
      featureRanks: cost.featureRank)
  }

  /// Two matrices whose product is P_m, `[B, R_t·T, R_d·d]`, the cheaper side contracted already.
  private func operands(_ index: Int, _ bottleneck: Tokens, _ limit: Int?) -> (left: Tensor, right: Tensor) {
    var tokens = tokens[index].values
    let length = min(bottleneck.length, tokens.size(2))
    tokens = tokens.slice(1, 0, min(limit ?? steps, steps)).slice(2, 0, length).flattened(0, 1)
    var z = bottleneck.values.slice(1, 0, length)
    if let mask = bottleneck.mask?.slice(1, 0, length) { z = z.filled(0, where: (.!mask).unsqueezed(2)) }
    // [r, R_d·d], or [r + 1, R_d·d] with the constant's factors last.
    let features = features[index].values.transposed(0, 1).flattened(1, 2)
    guard !constants.isEmpty else {
      return cost.prefersTokensFirst(length) ? (tokens.matmul(z), features) : (tokens, z.matmul(features))
    }
    let column = constants[index].values.slice(1, 0, min(limit ?? steps, steps)).reshaped(-1, 1)
    let r = cost.bottleneck
    let batch = z.size(0)
    if cost.prefersTokensFirst(length) {
      return (.concatenated([tokens.matmul(z), column.unsqueezed(0).expanded(batch, -1, -1)], 2), features)
    }
    let row = features.slice(0, r).unsqueezed(0).expanded(batch, -1, -1)
    return (.concatenated([tokens, column], 1), .concatenated([z.matmul(features.slice(0, 0, r)), row], 1))
  }
}

/// One trained tensor of a low-rank form.
public final class Factor: Module {
  /// The tensor; its key is that of the factor itself.
  @Parameter("") public var values: Tensor

  init(_ values: Tensor) {
    super.init()
    self.values = values
  }
}
