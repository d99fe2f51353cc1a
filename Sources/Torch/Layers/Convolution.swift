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

/// A convolution over the last axes of `[batch, channels, …]`: PyTorch's Conv2d over two axes, and its Conv3d over three.
///
/// ```swift
/// let layer = Convolution(axes: 3, 4, 8, kernel: 3, padding: 1)
/// let features = layer(.normal([1, 4, 16, 32, 32]))  // [1, 8, 16, 32, 32]
/// ```
public class Convolution: Module {
  /// The weight, `[outputs, inputs / groups, kernel, …]` with the kernel's side for each axis.
  @Parameter public var weight: Tensor
  /// The bias, `[outputs]`.
  @OptionalParameter public var bias: Tensor?
  private let axes: Int
  let stride: Int
  let padding: Int
  let dilation: Int
  let groups: Int

  /// Makes a convolution with He's normal starting values (fan out) and PyTorch's default bias.
  public init(
    axes: Int, _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
    groups: Int = 1, bias: Bool = true
  ) {
    (self.axes, self.stride, self.padding, self.dilation, self.groups) = (axes, stride, padding, dilation, groups)
    super.init()
    let shape = [outputs, inputs / groups] + Array(repeating: kernel, count: axes)
    weight = Initialization.kaimingNormalFanOut(shape)
    if bias { self.bias = Initialization.bias(outputs, beside: shape) }
  }

  /// Applies the convolution to `[batch, inputs, …]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    func each(_ number: Int) -> [Int] { Array(repeating: number, count: axes) }
    return x.convolution(
      weight, bias, stride: each(stride), padding: each(padding), dilation: each(dilation), groups: groups)
  }
}

/// A two-dimensional convolution over `[batch, channels, height, width]`.
public final class Conv2d: Convolution {
  /// Makes a convolution with He's normal starting values (fan out) and PyTorch's default bias.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
    groups: Int = 1, bias: Bool = true
  ) {
    super.init(
      axes: 2, inputs, outputs, kernel: kernel, stride: stride, padding: padding, dilation: dilation, groups: groups,
      bias: bias)
  }
}

/// A transposed convolution whose stride is its kernel, so that every place becomes `kernel` places along each axis:
/// PyTorch's ConvTranspose2d over two axes, and its ConvTranspose3d over three.
public class ConvolutionTranspose: Module {
  /// The weight, `[inputs, outputs, kernel, …]`, as in PyTorch.
  @Parameter public var weight: Tensor
  /// The bias, `[outputs]`.
  @Parameter public var bias: Tensor
  private let stride: [Int]

  /// Makes a convolution with PyTorch's default starting values.
  public init(axes: Int, _ inputs: Int, _ outputs: Int, kernel: Int) {
    stride = Array(repeating: kernel, count: axes)
    super.init()
    let shape = [inputs, outputs] + stride
    weight = Initialization.fanIn(shape)
    bias = Initialization.bias(outputs, beside: shape)
  }

  /// Applies the convolution to `[batch, inputs, …]`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.transposedConvolution(weight, bias, stride: stride) }
}

/// A transposed two-dimensional convolution: `[batch, channels, height, width]` becomes `[batch, outputs, kernel · height,
/// kernel · width]`.
public final class ConvTranspose2d: ConvolutionTranspose {
  /// Makes a convolution with PyTorch's default starting values.
  public init(_ inputs: Int, _ outputs: Int, kernel: Int) { super.init(axes: 2, inputs, outputs, kernel: kernel) }
}
