import Torch

/// Attention over sequences of few features, as methods use it inside their bottlenecks.
enum NarrowAttention {
  /// softmax(q kᵀ/√r) v over the real steps of the keys, `[B, L, r]`; zero for a sample without real steps.
  static func read(_ queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor?) -> Tensor {
    let scores = queries.matmul(keys.transposed(1, 2)) / Double(keys.size(2)).squareRoot()
    guard let mask = mask?.unsqueezed(1) else { return scores.softmax(2).matmul(values) }
    // A finite number leaves weights of the padding at 0, and gives no NaN where a sample has padding alone.
    let weights = scores.filled(-30_000, where: .!mask).softmax(2) * mask.to(scores.dtype)
    return weights.matmul(values)
  }
}

extension Tokens {
  /// The sequence with no real step in samples that lack the modality.
  func absent(where present: Tensor?) -> Tokens {
    guard let present = present?.unsqueezed(1) else { return self }
    return Tokens(values, mask: mask.map { $0 .& present } ?? present.expanded(-1, length))
  }
}
