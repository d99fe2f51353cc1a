/// A transformer encoder. It is cross-modal if keys and values come from another sequence (Tsai et al. 2019).
///
/// The input becomes drop(√width · x + P) with position codes P. The layers and a last LayerNorm follow. The other
/// sequence, if any, gets the same embedding once.
///
/// ```swift
/// let encoder = TransformerEncoder(width: 32, heads: 4, layers: 2)
/// encoder.train(false)
/// let words = Tensor.normal([8, 20, 32])  // [batch, steps, width]
/// let mask = Tensor.ones([8, 20], dtype: .bool)  // true for real steps
/// let states = encoder(words, mask: mask)  // [8, 20, 32]
/// let last = encoder(words, mask: mask, readout: .last)  // [8, 1, 32]
/// ```
public final class TransformerEncoder: Module {
  /// The layers.
  @Child public var layers: [TransformerEncoderLayer]
  /// The last LayerNorm.
  @Child("layer_norm") public var norm: LayerNorm
  /// The number of features per step.
  public let width: Int
  let rates: DropoutRates
  private let positions: PositionalEmbedding

  /// Makes an encoder of `layers` layers.
  public init(width: Int, heads: Int, layers: Int, rates: DropoutRates = .init(), causal: Bool = false) {
    (self.width, self.rates) = (width, rates)
    positions = PositionalEmbedding(width: width)
    super.init()
    self.layers = (0..<layers).map { _ in
      TransformerEncoderLayer(width: width, heads: heads, rates: rates, causal: causal)
    }
    norm = LayerNorm(width)
  }

  /// Encodes `x`, `[batch, L, width]`. The arguments are those of ``TransformerEncoderLayer``.
  ///
  /// With a `readout` other than `all`, the result is `[batch, 1, width]`.
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

  /// Returns the first layer's input, √width · x + P with dropout.
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
  /// Selects the steps of `x`, `[batch, L, width]`: all of them, or one per sample as `[batch, 1, width]`.
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
