/// An affine layer, y = x·Wᵀ + b.
///
/// Shapes: x `[…, inputs]`, y `[…, outputs]`, weight `[outputs, inputs]`, bias `[outputs]`.
///
/// ```swift
/// let layer = Linear(40, 16)
/// let hidden = layer(.normal([8, 40])).relu()  // [8, 16]
/// ```
public final class Linear: Module {
  /// The weight W, `[outputs, inputs]`.
  @Parameter public var weight: Tensor
  /// The bias b, `[outputs]`.
  @OptionalParameter public var bias: Tensor?

  /// Makes a layer with PyTorch's default starting values. With `xavier`, it has Glorot's weights and a zero bias.
  public init(_ inputs: Int, _ outputs: Int, bias: Bool = true, xavier: Bool = false) {
    super.init()
    let shape = [outputs, inputs]
    weight = xavier ? Initialization.xavierUniform(shape) : Initialization.fanIn(shape)
    if bias { self.bias = xavier ? .zeros([outputs]) : Initialization.bias(outputs, beside: shape) }
  }

  /// Applies the layer to `[…, inputs]`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.linear(weight, bias) }
}
