/// A sequence on its way through a graph: `[B, L, width]` with the mask of its real steps, or an image's map.
struct GraphTokens {
  /// `[B, L, width]`, or `[B, C, h, w]`.
  var values: GraphTensor
  /// True for real steps, `[B, L]`; nil where all are.
  var mask: GraphTensor?
  /// An image's features on finer grids, the finest first.
  var details: [GraphTensor] = []

  init(_ values: GraphTensor, mask: GraphTensor? = nil, details: [GraphTensor] = []) {
    (self.values, self.mask, self.details) = (values, mask, details)
  }

  /// The number of steps, `[1]`.
  var length: GraphTensor { values.size(1) }

  /// True for real steps, `[B, L]`.
  var real: GraphTensor {
    if let mask { return mask }
    let sizes = GraphTensor.concatenated([values.size(0), length], 0)
    return values.builder.constant([1]).booleans.expanded(sizes)
  }

  /// The first step of each sample, `[B, width]`.
  var first: GraphTensor { values.select(1, 0) }

  /// The last real step of each sample, `[B, width]`.
  var last: GraphTensor {
    let places = (.range(length) * real.integers).argmax(1).unsqueezed(2)
    let shape = GraphTensor.concatenated([values.size(0), values.builder.constant([1]), values.size(2)], 0)
    return values.gathered(1, places.expanded(shape)).squeezed(1)
  }

  /// The mean over the real steps, `[B, width]`.
  var mean: GraphTensor {
    guard let mask else { return values.mean(1) }
    let weights = mask.floats.unsqueezed(2)
    return (values * weights).sum(1) / weights.sum(1)
  }

  /// The sequences one after another in time.
  static func joined(_ parts: [GraphTokens]) -> GraphTokens {
    let isPadded = parts.contains { $0.mask != nil }
    return GraphTokens(
      .concatenated(parts.map(\.values), 1), mask: isPadded ? .concatenated(parts.map(\.real), 1) : nil)
  }

  /// The pieces of these lengths, `[1]` each, one after the other in time.
  func split(_ lengths: [GraphTensor]) -> [GraphTokens] {
    guard lengths.count > 1 else { return [self] }
    let masks = mask?.split(1, lengths)
    return values.split(1, lengths).enumerated().map { GraphTokens($1, mask: masks?[$0]) }
  }

  /// Appends steps `[B or 1, M, P, width]` to the sequences of all modalities.
  static func append(_ steps: GraphTensor, to tokens: [GraphTokens]) -> [GraphTokens] {
    tokens.enumerated().map { index, tokens in
      let own = steps.select(1, index).expanded(toSamplesOf: tokens.values, rank: 3)
      return joined([tokens, GraphTokens(own)])
    }
  }
}
