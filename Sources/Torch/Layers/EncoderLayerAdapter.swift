/// The points at which a tuning method can change an encoder layer.
public protocol EncoderLayerAdapter: AnyObject {
  /// Changes the output of attention, `[batch, L, width]`, before it joins the residual stream.
  func adapt(attention output: Tensor) -> Tensor
  /// Changes the output of the feed-forward part, `[batch, L, width]`, before it joins the residual stream.
  func adapt(feedForward output: Tensor) -> Tensor
  /// Gives keys and values, `[batch, P, width]`, that every query attends to in addition to the sequence's own.
  func prefix(batch: Int) -> (keys: Tensor, values: Tensor)?
  /// Changes the layer's output, `[batch, L, width]`, before the next layer reads it.
  func adapt(output: Tensor) -> Tensor
}

extension EncoderLayerAdapter {
  /// Default: returns the attention output unchanged.
  public func adapt(attention output: Tensor) -> Tensor { output }
  /// Default: returns the feed-forward output unchanged.
  public func adapt(feedForward output: Tensor) -> Tensor { output }
  /// Default: adds no keys and values.
  public func prefix(batch: Int) -> (keys: Tensor, values: Tensor)? { nil }
  /// Default: returns the layer's output unchanged.
  public func adapt(output: Tensor) -> Tensor { output }
}

/// Two adapters of one layer. The second acts on the first one's output, and queries attend to the prefixes of both.
final class AdapterChain: EncoderLayerAdapter {
  private let first: any EncoderLayerAdapter
  private let second: any EncoderLayerAdapter

  init(_ first: any EncoderLayerAdapter, _ second: any EncoderLayerAdapter) {
    (self.first, self.second) = (first, second)
  }

  func adapt(attention output: Tensor) -> Tensor { second.adapt(attention: first.adapt(attention: output)) }

  func adapt(feedForward output: Tensor) -> Tensor { second.adapt(feedForward: first.adapt(feedForward: output)) }

  func adapt(output: Tensor) -> Tensor { second.adapt(output: first.adapt(output: output)) }

  func prefix(batch: Int) -> (keys: Tensor, values: Tensor)? {
    guard let one = first.prefix(batch: batch) else { return second.prefix(batch: batch) }
    guard let other = second.prefix(batch: batch) else { return one }
    return (.concatenated([one.keys, other.keys], 1), .concatenated([one.values, other.values], 1))
  }
}
