/// The probabilities of dropout in a transformer encoder and its head.
public struct DropoutRates: Codable, Equatable, Sendable {
  /// Of attention weights.
  public var attention: Double
  /// After the rectifier of the feed-forward part.
  public var relu: Double
  /// Of what each part adds to the residual stream.
  public var residual: Double
  /// Of scaled inputs with their positions.
  public var embedding: Double
  /// In the residual block before the prediction head.
  public var output: Double

  /// Rates; all zero without arguments.
  public init(
    attention: Double = 0, relu: Double = 0, residual: Double = 0, embedding: Double = 0, output: Double = 0
  ) {
    (self.attention, self.relu, self.residual) = (attention, relu, residual)
    (self.embedding, self.output) = (embedding, output)
  }
}

/// One pre-norm layer (Tsai et al. 2019): x ← x + drop(attention(LN₀ x)); x ← x + drop(W₂ drop(relu(W₁ LN₁ x))).
///
/// Shapes: x `[batch, L, width]`; W₁ widens to 4·width. A cross-modal layer takes keys and values from LN₀ of another
/// sequence.
public final class TransformerEncoderLayer: Module {
  /// The attention.
  @Child("self_attn") public var attention: MultiHeadAttention
  /// W₁.
  @Child public var fc1: Linear
  /// W₂.
  @Child public var fc2: Linear
  /// LN₀ and LN₁.
  @Child("layer_norms") public var norms: [LayerNorm]
  let rates: DropoutRates
  let causal: Bool
  /// A tuning method's changes, if any.
  public var adapter: EncoderLayerAdapter?

  /// A layer with Glorot's starting values.
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
  ///   - memory: where keys and values come from; the sequence itself without it.
  ///   - mask: real steps of `x`, `[batch, L]`. What comes out at other steps means nothing.
  ///   - memoryMask: real steps of `memory`, `[batch, S]`.
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
