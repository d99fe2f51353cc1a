/// y = x·Wᵀ + b.
///
/// Shapes: x `[…, inputs]`, y `[…, outputs]`, weight `[outputs, inputs]`, bias `[outputs]`.
public final class Linear: Module {
  /// W, `[outputs, inputs]`.
  @Parameter public var weight: Tensor
  /// b, `[outputs]`.
  @OptionalParameter public var bias: Tensor?

  /// A layer with PyTorch's default starting values, or Glorot's with a zero bias.
  public init(_ inputs: Int, _ outputs: Int, bias: Bool = true, xavier: Bool = false) {
    super.init()
    let shape = [outputs, inputs]
    weight = xavier ? Initialization.xavierUniform(shape) : Initialization.fanIn(shape)
    if bias { self.bias = xavier ? .zeros([outputs]) : Initialization.bias(outputs, beside: shape) }
  }

  /// Applies the layer.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.linear(weight, bias) }
}
