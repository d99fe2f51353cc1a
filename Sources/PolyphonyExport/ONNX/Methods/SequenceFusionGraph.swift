/// A fusion of the sequences of all modalities into a few steps, `[B, T, d]`.
struct SequenceFusionGraph {
  private let parameters: GraphParameters

  init(_ parameters: GraphParameters) { self.parameters = parameters }

  /// The fused steps. A modality that a sample lacks adds nothing to them.
  func fuse(_ tokens: [GraphTokens], present: [GraphTensor?]) -> GraphTensor {
    let down = parameters.at("down")
    let bottlenecks = tokens.enumerated().map { GraphTokens(down.at($0).linear($1.values).gelu(), mask: $1.mask) }
    if parameters.has("pair.weight") { return crossAttention(bottlenecks, present) }
    if parameters.has("up.weight") { return concatenation(bottlenecks, present) }
    return parameters.has("token.0") ? tokenRanks(bottlenecks, present) : means(bottlenecks, present)
  }

  /// F = Σ_k Σ_j ⊙_m (V_m z_m U_m + v_m u_mᵀ) over token ranks k and feature ranks j.
  private func tokenRanks(_ bottlenecks: [GraphTokens], _ present: [GraphTensor?]) -> GraphTensor {
    let shape = parameters.shape("token.0")
    let left = bottlenecks.enumerated().map { index, tokens in
      let token = parameters["token.\(index)"]
      let length = parameters.shape("token.\(index)")[2]
      let z = tokens.mask.map { tokens.values.filled(0, where: (.!$0).unsqueezed(2)) } ?? tokens.values
      let factor = token.slice(2, 0, tokens.length).reshaped(shape[0] * shape[1], -1)
      let product = factor.matmul(z.slice(1, 0, length))
      guard parameters.has("constant.\(index)") else { return product }
      let column = parameters["constant.\(index)"].reshaped(1, -1, 1)
      return .concatenated([product, column.expanded(toSamplesOf: z, rank: 3)], 2)
    }
    return rankProducts(left, present, tokenRanks: shape[0], steps: shape[1])
  }

  /// F = Σ_j ⊙_m z̄_m U_m, with the mean z̄ over the real steps.
  private func means(_ bottlenecks: [GraphTokens], _ present: [GraphTensor?]) -> GraphTensor {
    rankProducts(bottlenecks.map { $0.mean.unsqueezed(1) }, present, tokenRanks: 1, steps: 1)
  }

  /// F = [z̄_1 ‖ … ‖ z̄_M] W↑ + b↑.
  private func concatenation(_ bottlenecks: [GraphTokens], _ present: [GraphTensor?]) -> GraphTensor {
    let means = zip(bottlenecks, present).map { tokens, present in
      present.map { tokens.mean.filled(0, where: (.!$0).unsqueezed(1)) } ?? tokens.mean
    }
    return parameters.at("up").linear(.concatenated(means, 1)).unsqueezed(1)
  }

  /// F = W↑ Σ_m ū_m + b↑ with u_m = GELU(P [z_m ‖ c_m] + p), and c_m what z_m reads of the other modalities.
  private func crossAttention(_ bottlenecks: [GraphTokens], _ present: [GraphTensor?]) -> GraphTensor {
    let means = bottlenecks.indices.map { index in
      let own = bottlenecks[index]
      let others = bottlenecks.indices.filter { $0 != index }.map { bottlenecks[$0].absent(where: present[$0]) }
      var read = own.values * 0
      if !others.isEmpty {
        let joined = GraphTokens.joined(others)
        read = GraphTokens(parameters.at("value").linear(joined.values), mask: joined.mask)
          .attended(by: parameters.at("query").linear(own.values), keys: parameters.at("key").linear(joined.values))
      }
      let pair = parameters.at("pair").linear(.concatenated([own.values, read], 2)).gelu()
      let mean = GraphTokens(pair, mask: own.mask).mean
      return present[index].map { mean.filled(0, where: (.!$0).unsqueezed(1)) } ?? mean
    }
    return parameters.at("up").linear(means.dropFirst().reduce(means[0], +)).unsqueezed(1)
  }

  /// Sums over both ranks the product over modalities of left · features. An absent factor is 1.
  private func rankProducts(
    _ left: [GraphTensor], _ present: [GraphTensor?], tokenRanks: Int, steps: Int
  ) -> GraphTensor {
    let shape = parameters.shape("feature.0")
    let factors = left.enumerated().map { index, left in
      let features = parameters["feature.\(index)"].permuted(1, 0, 2).reshaped(shape[1], shape[0] * shape[2])
      let factor = left.matmul(features)
      return present[index].map { factor.filled(1, where: (.!$0).unsqueezed(1, 2)) } ?? factor
    }
    return factors.dropFirst().reduce(factors[0], *).reshaped(0, tokenRanks, steps, shape[0], shape[2]).sum(1, 3)
  }
}
