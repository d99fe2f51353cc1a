/// A transformer encoder, or a cross-modal one where keys and values come from another sequence (Tsai et al. 2019).
///
/// x ← drop(√width · x + P), then the layers, then a last LayerNorm; the other sequence gets the same embedding once.
public final class TransformerEncoder: Module {
  /// The layers.
  @Child public var layers: [TransformerEncoderLayer]
  /// The last LayerNorm.
  @Child("layer_norm") public var norm: LayerNorm
  /// Features per step.
  public let width: Int
  let rates: DropoutRates
  private let positions: PositionalEmbedding

  /// An encoder of `layers` layers.
  public init(width: Int, heads: Int, layers: Int, rates: DropoutRates = .init(), causal: Bool = false) {
    (self.width, self.rates) = (width, rates)
    positions = PositionalEmbedding(width: width)
    super.init()
    self.layers = (0..<layers).map { _ in
      TransformerEncoderLayer(width: width, heads: heads, rates: rates, causal: causal)
    }
    norm = LayerNorm(width)
  }

  /// Encodes `x` `[batch, L, width]`; the arguments are those of ``TransformerEncoderLayer``.
  ///
  /// With a `readout` other than `all` the result is `[batch, 1, width]`.
  public func callAsFunction(
    _ x: Tensor, memory: Tensor? = nil, mask: Tensor? = nil, memoryMask: Tensor? = nil, readout: Readout = .all
  ) -> Tensor {
    let memory = memory.map { embed($0, mask: memoryMask) }
    var x = embed(x, mask: mask)
    let fused = Fused.layers(
      layers[...], norm: norm, x, memory: memory, mask: mask, memoryMask: memoryMask, readout: readout)
    if let fused { return fused }
    for layer in layers { x = layer(x, memory: memory, mask: mask, memoryMask: memoryMask) }
    return norm(readout.steps(of: x, mask: mask))
  }

  /// √width · x + P with dropout: what the first layer takes.
  public func embed(_ x: Tensor, mask: Tensor?) -> Tensor {
    let scale = Double(width).squareRoot()
    if let fused = Fused.embed(x, mask: mask, scale: scale, dropout: isTraining ? rates.embedding : 0) {
      return fused
    }
    return (x * scale + positions(length: x.size(1), mask: mask, like: x))
      .dropout(rates.embedding, active: isTraining)
  }
}

extension Readout {
  /// The steps themselves: all of `x` `[batch, L, width]`, or one per sample as `[batch, 1, width]`.
  public func steps(of x: Tensor, mask: Tensor?) -> Tensor {
    switch self {
    case .all: return x
    case .first: return x.slice(1, 0, 1)
    case .last:
      guard let mask else { return x.slice(1, x.size(1) - 1) }
      let places = Tensor.range(x.size(1), device: x.device).unsqueezed(0) * mask.to(.int64)
      return x.gathered(1, places.argmax(1).view(-1, 1, 1).expanded(-1, 1, x.size(2)))
    }
  }
}
