extension GraphTokens {
  /// softmax(q kᵀ/√r) v over the real steps of this sequence v; zero for a sample without real steps.
  func attended(by queries: GraphTensor, keys: GraphTensor) -> GraphTensor {
    let rank = keys.size(2).floats.node("Sqrt")
    let scores = queries.matmul(keys.permuted(0, 2, 1)) / rank
    guard let mask = mask?.unsqueezed(1) else { return scores.softmax(2).matmul(values) }
    return (scores.filled(-30_000, where: .!mask).softmax(2) * mask.floats).matmul(values)
  }

  /// The sequence with no real step in samples that lack the modality.
  func absent(where present: GraphTensor?) -> GraphTokens {
    guard let present else { return self }
    return GraphTokens(values, mask: real .& present.unsqueezed(1))
  }
}
