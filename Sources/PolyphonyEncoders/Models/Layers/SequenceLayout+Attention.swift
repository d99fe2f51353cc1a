import Torch

extension SequenceLayout {
  /// The longest sample without padding for which the fused attention is the faster one.
  private static let longestFused = 256

  /// Attends from every row to the rows of the same sample, and returns rows.
  ///
  /// - Parameter prefix: keys and values `[batch, P, width]` before those of the sample, visible to every row.
  func attention(
    _ queries: Tensor, _ keys: Tensor, _ values: Tensor, heads: Int, bias: Tensor?, causal: Bool, dropout: Double,
    prefix: (keys: Tensor, values: Tensor)?
  ) -> Tensor {
    let isPlain = bias == nil && !causal && dropout == 0 && prefix == nil
    if isPlain, places != nil || length <= Self.longestFused,
      let joined = Fused.raggedAttention(queries, keys, values, starts: starts, heads: heads)
    {
      return joined
    }
    let width = queries.size(1)
    let separate = { (states: Tensor) in states.view(batch, -1, heads, width / heads).transposed(1, 2) }
    var (keys, values) = (padded(keys), padded(values))
    if let prefix {
      (keys, values) = (.concatenated([prefix.keys, keys], 1), .concatenated([prefix.values, values], 1))
    }
    let mask = visibility(bias: bias, causal: causal, prefix: prefix?.keys.size(1) ?? 0)
    let (separateQueries, separateKeys, separateValues) = (separate(padded(queries)), separate(keys), separate(values))
    let joined =
      dropout > 0
      ? Self.attention(separateQueries, separateKeys, separateValues, mask: mask, dropout: dropout)
      : separateQueries.attention(separateKeys, separateValues, mask: mask)
    return rows(of: joined.transposed(1, 2).reshaped(batch, length, width))
  }

  /// Attention that drops shares. libtorch's own draws them one after another, on one thread.
  private static func attention(
    _ queries: Tensor, _ keys: Tensor, _ values: Tensor, mask: Tensor?, dropout: Double
  ) -> Tensor {
    var scores = (queries * (1 / Double(queries.size(-1)).squareRoot())).matmul(keys.transposed(-2, -1))
    if let mask {
      scores = mask.dtype == .bool ? scores.filled(unseen, where: .!mask) : scores + mask
    }
    return scores.softmax(-1).dropout(dropout, active: true).matmul(values)
  }

  /// A score whose share is 0. It is finite, because a sample without steps would otherwise have no gradients.
  private static let unseen = -1e30

  /// The argument `mask` of ``Tensor/attention(_:_:mask:causal:scale:dropout:)``, with a prefix of keys that all see.
  private func visibility(bias: Tensor?, causal: Bool, prefix: Int) -> Tensor? {
    let device = starts.device
    var visible = mask?.view(batch, 1, 1, length)
    if causal {
      let past = .!Tensor.ones([length, length], dtype: .bool, device: device).upperTriangle(1)
      visible = visible.map { $0 .& past } ?? past.view(1, 1, length, length)
    }
    visible = visible?.to(.uint8).padded([prefix, 0], value: 1).to(.bool)
    guard let bias = bias?.padded([prefix, 0]) else { return visible }
    return visible.map { bias.filled(Self.unseen, where: .!$0) } ?? bias
  }

  /// Applies a change of states `[batch, length, width]` to rows.
  func adapted(_ rows: Tensor, _ change: ((Tensor) -> Tensor)?) -> Tensor {
    change.map { self.rows(of: $0(padded(rows))) } ?? rows
  }
}
