/// What a tuning method may change inside an encoder layer.
public protocol EncoderLayerAdapter: AnyObject {
  /// The output of attention before it joins the residual stream, `[batch, L, width]`.
  func adapt(attention output: Tensor) -> Tensor
  /// The output of the feed-forward part before it joins the residual stream, `[batch, L, width]`.
  func adapt(feedForward output: Tensor) -> Tensor
  /// Keys and values `[batch, P, width]` that every query sees besides the sequence's own.
  func prefix(batch: Int) -> (keys: Tensor, values: Tensor)?
  /// What the layer gives, `[batch, L, width]`, before the next one reads it.
  func adapt(output: Tensor) -> Tensor
}

extension EncoderLayerAdapter {
  /// Unchanged.
  public func adapt(attention output: Tensor) -> Tensor { output }
  /// Unchanged.
  public func adapt(feedForward output: Tensor) -> Tensor { output }
  /// None.
  public func prefix(batch: Int) -> (keys: Tensor, values: Tensor)? { nil }
  /// Unchanged.
  public func adapt(output: Tensor) -> Tensor { output }
}

extension TransformerEncoderLayer {
  /// Lets an adapter act, after the one that acts already where there is one.
  public func append(_ adapter: any EncoderLayerAdapter) {
    self.adapter = self.adapter.map { AdapterChain($0, adapter) } ?? adapter
  }
}

/// Two adapters of one layer: the second acts on what the first gives, and queries see the prefixes of both.
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
