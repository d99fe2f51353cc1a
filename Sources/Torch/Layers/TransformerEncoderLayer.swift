/// The dropout probabilities of a transformer encoder and its prediction head.
public struct DropoutRates: Codable, Equatable, Sendable {
  /// The rate for attention weights.
  public var attention: Double
  /// The rate after the rectifier of the feed-forward part.
  public var relu: Double
  /// The rate for the terms that join the residual stream.
  public var residual: Double
  /// The rate for scaled inputs with their position codes.
  public var embedding: Double
  /// The rate in the residual block before the prediction head.
  public var output: Double

  /// Makes a set of rates. Every rate is 0 by default.
  public init(
    attention: Double = 0, relu: Double = 0, residual: Double = 0, embedding: Double = 0, output: Double = 0
  ) {
    (self.attention, self.relu, self.residual) = (attention, relu, residual)
    (self.embedding, self.output) = (embedding, output)
  }
}

/// One pre-norm layer of a transformer encoder (Tsai et al. 2019).
///
/// x ← x + drop(attention(LN₀ x)), then x ← x + drop(W₂ drop(relu(W₁ LN₁ x))).
/// Shapes: x `[batch, L, width]`, and W₁ widens to 4·width. A cross-modal layer takes keys and values from LN₀ of
/// another sequence.
public final class TransformerEncoderLayer: Module {
  /// The attention part.
  @Child("self_attn") public var attention: MultiHeadAttention
  /// The first feed-forward layer, W₁.
  @Child public var fc1: Linear
  /// The second feed-forward layer, W₂.
  @Child public var fc2: Linear
  /// The normalisations LN₀ and LN₁.
  @Child("layer_norms") public var norms: [LayerNorm]
  let rates: DropoutRates
  let causal: Bool
  /// The changes of a tuning method, if any.
  public var adapter: (any EncoderLayerAdapter)?

  /// Makes a layer with Glorot's starting values.
  public init(width: Int, heads: Int, rates: DropoutRates = .init(), causal: Bool = false) {
    (self.rates, self.causal) = (rates, causal)
    super.init()
    attention = MultiHeadAttention(width: width, heads: heads, dropout: rates.attention)
    fc1 = Linear(width, 4 * width, xavier: true)
    fc2 = Linear(4 * width, width, xavier: true)
    norms = [LayerNorm(width), LayerNorm(width)]
  }

  /// Applies the layer.
  ///
  /// - Parameters:
  ///   - x: `[batch, L, width]`.
  ///   - memory: the source of keys and values. The default is the sequence itself.
  ///   - mask: `[batch, L]`, true for real steps of `x`. The output at other steps is meaningless.
  ///   - memoryMask: `[batch, S]`, true for real steps of `memory`.
  public func callAsFunction(
    _ x: Tensor, memory: Tensor? = nil, mask: Tensor? = nil, memoryMask: Tensor? = nil
  ) -> Tensor {
    let keyMask = memory == nil ? mask : memoryMask
    let fused = Fused.layers(
      [self], norm: nil, x, memory: memory, mask: mask, memoryMask: memoryMask, readout: .all)
    if let fused { return fused }
    let normed = norms[0](x)
    var update = attention(
      normed, memory: memory.map { norms[0]($0) } ?? normed, mask: keyMask, queryMask: mask, causal: causal,
      prefix: adapter?.prefix(batch: x.size(0)))
    if let adapter { update = adapter.adapt(attention: update) }
    let middle = x + update.dropout(rates.residual, active: isTraining)
    let hidden = fc1(norms[1](middle)).relu().dropout(rates.relu, active: isTraining)
    update = fc2(hidden)
    if let adapter { update = adapter.adapt(feedForward: update) }
    let output = middle + update.dropout(rates.residual, active: isTraining)
    return adapter?.adapt(output: output) ?? output
  }
}
