// What methods for missing modalities ask of the inputs.

extension GraphInputs {
  /// True for the samples that have some modality but not this one, `[B]`; nil where nothing is missing.
  func isReplaced(_ index: Int) -> GraphTensor? {
    presence.map { presence in
      let some = presence.integers.sum(1) .> presence.builder.constant(0)
      return some .& .!presence.select(1, index)
    }
  }

  /// A sequence with other values where the modality is made up. A made-up sequence has every step.
  func replaced(_ tokens: GraphTokens, _ index: Int, by values: GraphTensor) -> GraphTokens {
    guard let replaced = isReplaced(index), let present = isPresent(index) else { return tokens }
    return GraphTokens(
      values.selected(where: replaced.unsqueezed(1, 2), otherwise: tokens.values),
      mask: tokens.mask.map { $0 .| (.!present).unsqueezed(1) })
  }

  /// Σ_m 2^m over the modalities m that a sample has, `[B]`; nil where nothing is missing.
  var patternCode: GraphTensor? {
    presence.map { ($0.integers * $0.builder.constant(values.indices.map { 1 << $0 })).sum(1) }
  }
}
