/// A one-dimensional convolution over `[batch, channels, length]`.
///
/// ```swift
/// let smooth = Conv1d(40, 16, kernel: 3)
/// let features = smooth(.normal([8, 40, 50]))  // [8, 16, 48]
/// ```
public final class Conv1d: Module {
  /// The weight, `[outputs, inputs / groups, kernel]`.
  @Parameter public var weight: Tensor
  /// The bias, `[outputs]`.
  @OptionalParameter public var bias: Tensor?
  let stride: Int
  let padding: Int
  let dilation: Int
  let groups: Int

  /// Makes a convolution with PyTorch's default starting values.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: Int = 1, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
    groups: Int = 1, bias: Bool = true
  ) {
    (self.stride, self.padding, self.dilation, self.groups) = (stride, padding, dilation, groups)
    super.init()
    let shape = [outputs, inputs / groups, kernel]
    weight = Initialization.fanIn(shape)
    if bias { self.bias = Initialization.bias(outputs, beside: shape) }
  }

  /// Applies the convolution to `[batch, inputs, length]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.convolution(weight, bias, stride: [stride], padding: [padding], dilation: [dilation], groups: groups)
  }

  /// Applies a kernel of one step to `[batch, length, inputs]`, as a matrix product without a transpose.
  public func pointwise(_ x: Tensor) -> Tensor { x.linear(weight.squeezed(2), bias) }
}

/// A two-dimensional convolution over `[batch, channels, height, width]`.
public final class Conv2d: Module {
  /// The weight, `[outputs, inputs / groups, kernel, kernel]`.
  @Parameter public var weight: Tensor
  /// The bias, `[outputs]`.
  @OptionalParameter public var bias: Tensor?
  let stride: Int
  let padding: Int
  let dilation: Int
  let groups: Int

  /// Makes a convolution with He's normal starting values (fan out) and PyTorch's default bias.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
    groups: Int = 1, bias: Bool = true
  ) {
    (self.stride, self.padding, self.dilation, self.groups) = (stride, padding, dilation, groups)
    super.init()
    let shape = [outputs, inputs / groups, kernel, kernel]
    weight = Initialization.kaimingNormalFanOut(shape)
    if bias { self.bias = Initialization.bias(outputs, beside: shape) }
  }

  /// Applies the convolution to `[batch, inputs, height, width]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.convolution(
      weight, bias, stride: [stride, stride], padding: [padding, padding], dilation: [dilation, dilation],
      groups: groups)
  }
}

/// A transposed two-dimensional convolution whose stride is its kernel, so that every place becomes `kernel` × `kernel`
/// places: `[batch, channels, height, width]` becomes `[batch, outputs, kernel · height, kernel · width]`.
public final class ConvTranspose2d: Module {
  /// The weight, `[inputs, outputs, kernel, kernel]`, as in PyTorch.
  @Parameter public var weight: Tensor
  /// The bias, `[outputs]`.
  @Parameter public var bias: Tensor
  let kernel: Int

  /// Makes a convolution with PyTorch's default starting values.
  public init(_ inputs: Int, _ outputs: Int, kernel: Int) {
    self.kernel = kernel
    super.init()
    let shape = [inputs, outputs, kernel, kernel]
    weight = Initialization.fanIn(shape)
    bias = Initialization.bias(outputs, beside: shape)
  }

  /// Applies the convolution to `[batch, inputs, height, width]`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.transposedConvolution(weight, bias, stride: [kernel, kernel]) }
}
