/// Multi-head attention (Vaswani et al. 2017) with the parameter names of PyTorch's `MultiheadAttention`.
///
/// Each head computes softmax(q·kᵀ/√d_head)·v. The output projection acts on the concatenated heads.
/// Shapes: queries `[batch, L, width]`, keys and values `[batch, S, width]`.
///
/// ```swift
/// let attention = MultiHeadAttention(width: 32, heads: 4)
/// let (words, frames) = (Tensor.normal([8, 20, 32]), Tensor.normal([8, 50, 32]))
/// let read = attention(words, memory: frames)  // [8, 20, 32]: every word reads all frames
/// ```
public final class MultiHeadAttention: Module {
  /// The weights of queries, keys and values, stacked as `[3·width, width]`.
  @Parameter("in_proj_weight") public var inWeight: Tensor
  /// The biases of queries, keys and values, stacked as `[3·width]`.
  @Parameter("in_proj_bias") public var inBias: Tensor
  /// The projection of the concatenated heads.
  @Child("out_proj") public var outProjection: Linear
  /// The number of heads.
  public let heads: Int
  let dropout: Double

  /// Makes a layer with Glorot's starting values. `heads` must divide `width`.
  public init(width: Int, heads: Int, dropout: Double = 0) {
    (self.heads, self.dropout) = (heads, dropout)
    super.init()
    inWeight = Initialization.xavierUniform([3 * width, width])
    inBias = .zeros([3 * width])
    outProjection = Linear(width, width, xavier: true)
  }

  /// Attends from `queries` to `memory`.
  ///
  /// - Parameters:
  ///   - queries: `[batch, L, width]`.
  ///   - memory: `[batch, S, width]`, the source of keys and values.
  ///   - mask: `[batch, S]`, true for steps that queries may attend to. A sample without any gets zeros for its heads.
  ///   - queryMask: `[batch, L]`, true for real queries. Only a causal mask depends on it.
  ///   - causal: lets query i see key j only if j ≤ i + |L − S|. The indices count real steps, so that a padded sample
  ///     has the same mask as an unpadded one.
  ///   - prefix: keys and values `[batch, P, width]` before those of `memory`, visible to every query (prefix tuning).
  public func callAsFunction(
    _ queries: Tensor, memory: Tensor, mask: Tensor? = nil, queryMask: Tensor? = nil, causal: Bool = false,
    prefix: (keys: Tensor, values: Tensor)? = nil
  ) -> Tensor {
    let width = queries.size(-1)
    let weights = inWeight.split([width, width, width])
    let biases = inBias.split([width, width, width])
    var keys = memory.linear(weights[1], biases[1])
    var values = memory.linear(weights[2], biases[2])
    var forbidden = mask.map { (.!$0).unsqueezed(1).unsqueezed(1) }
    if causal {
      let future = Self.future(queries, memory, queryMask, mask)
      forbidden = forbidden.map { $0 .| future } ?? future
    }
    if let prefix {
      keys = .concatenated([prefix.keys, keys], 1)
      values = .concatenated([prefix.values, values], 1)
      forbidden = forbidden?.to(.uint8).padded([prefix.keys.size(1), 0]).to(.bool)
    }
    let scale = 1 / Double(width / heads).squareRoot()
    var scores = separate(queries.linear(weights[0], biases[0]) * scale).matmul(separate(keys).transposed())
    if let forbidden { scores = scores.filled(-.infinity, where: forbidden) }
    var shares = scores.softmax(-1)
    if forbidden != nil, mask != nil {
      // The softmax of a row without keys is 0/0, so such a row gets zeros.
      shares = shares.filled(0, where: Operators.allAlong(.tensor(forbidden!), .int(-1), .bool(true)))
    }
    let joined = shares.dropout(dropout, active: isTraining).matmul(separate(values))
    return outProjection(joined.transposed(1, 2).reshaped(queries.size(0), queries.size(1), width))
  }

  /// Returns a mask of the keys that are in a query's future, `[batch or 1, 1, L, S]`.
  private static func future(_ queries: Tensor, _ memory: Tensor, _ queryMask: Tensor?, _ keyMask: Tensor?) -> Tensor {
    let (length, steps) = (queries.size(1), memory.size(1))
    guard queryMask != nil || keyMask != nil else {
      return Tensor.ones([length, steps], dtype: .bool, device: queries.device)
        .upperTriangle(1 + abs(length - steps)).view(1, 1, length, steps)
    }
    let places = { (mask: Tensor?, count: Int) -> (rank: Tensor, real: Tensor) in
      let mask = (mask ?? .ones([1, count], dtype: .bool, device: queries.device)).to(.int64)
      return (mask.cumulativeSum(1), mask.sum(1, keep: true))
    }
    let (query, key) = (places(queryMask, length), places(keyMask, steps))
    let last = query.rank + (query.real - key.real).abs()
    return (key.rank.unsqueezed(1) .> last.unsqueezed(2)).unsqueezed(1)
  }

  /// Reshapes `[batch, L, width]` to `[batch, heads, L, width / heads]`.
  private func separate(_ x: Tensor) -> Tensor {
    x.view(x.size(0), x.size(1), heads, x.size(2) / heads).transposed(1, 2)
  }
}
