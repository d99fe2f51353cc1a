extension Tensor {
  /// The matrix product of the last two dimensions, with broadcasting of the others.
  public func matmul(_ other: Tensor) -> Tensor { Operators.matmul(.tensor(self), .tensor(other)) }

  /// Einstein summation, such as `einsum("blr,rd->bld", x, w)`.
  public static func einsum(_ equation: StaticString, _ operands: Tensor...) -> Tensor {
    Operators.einsum(.string(equation), .tensors(operands), .none)
  }

  /// x·Wᵀ + b for a weight `[out, in]`.
  public func linear(_ weight: Tensor, _ bias: Tensor?) -> Tensor {
    Operators.linear(.tensor(self), .tensor(weight), .tensor(bias))
  }

  /// A convolution; the length of `stride` says over how many dimensions.
  public func convolution(
    _ weight: Tensor, _ bias: Tensor?, stride: [Int], padding: [Int], dilation: [Int], groups: Int = 1
  ) -> Tensor {
    Operators.convolution(
      .tensor(self), .tensor(weight), .tensor(bias), .ints(stride), .ints(padding), .ints(dilation), .bool(false),
      .ints(stride.map { _ in 0 }), .int(groups))
  }

  /// (x − mean) / √(variance + ε) · weight + bias over the last dimension.
  public func layerNorm(_ weight: Tensor?, _ bias: Tensor?, epsilon: Double = 1e-5) -> Tensor {
    Operators.layerNorm(
      .tensor(self), .ints([size(-1)]), .tensor(weight), .tensor(bias), .double(epsilon), .bool(false))
  }

  /// eˣ / Σ eˣ along a dimension.
  public func softmax(_ dimension: Int) -> Tensor {
    Operators.softmax(.tensor(self), .int(dimension), .dtype(nil))
  }
  /// x − ln Σ eˣ along a dimension.
  public func logSoftmax(_ dimension: Int) -> Tensor {
    Operators.logSoftmax(.tensor(self), .int(dimension), .dtype(nil))
  }
  /// Max pooling over the last two dimensions.
  public func maxPool2d(kernel: Int, stride: Int, padding: Int = 0) -> Tensor {
    Operators.maxPool2d(
      .tensor(self), .ints([kernel, kernel]), .ints([stride, stride]), .ints([padding, padding]), .ints([1, 1]),
      .bool(false))
  }
  /// The mean over windows such that the last two dimensions get the size `[height, width]`.
  public func averagePool2d(to size: [Int]) -> Tensor {
    Operators.adaptiveAveragePool2d(.tensor(self), .ints(size))
  }
  /// Bilinear interpolation of the last two dimensions to `[height, width]`; corners not aligned.
  public func upsampledBilinear(to size: [Int]) -> Tensor {
    Operators.upsampleBilinear2d(.tensor(self), .ints(size), .bool(false), .none, .none)
  }
  /// The transpose of ``upsampledBilinear(to:)`` as a linear map, from `[B, C, H, W]` back to `[B, C, h, w]`.
  public func upsampledBilinearTransposed(to size: [Int]) -> Tensor {
    Operators.upsampleBilinear2dBackward(
      .tensor(self), .ints([self.size(2), self.size(3)]), .ints([self.size(0), self.size(1)] + size), .bool(false),
      .none, .none)
  }
  /// X of self · X = right for square self (or a batch of them).
  public func solved(_ right: Tensor) -> Tensor { Operators.solve(.tensor(self), .tensor(right), .bool(true)) }
}

/// How a loss joins its elements; libtorch's `Reduction`.
public enum Reduction: Int, Sendable {
  /// Not at all: a loss for each element.
  case none = 0
  /// As their mean.
  case mean = 1
  /// As their sum.
  case sum = 2
}

// Losses
extension Tensor {
  /// −log softmax(x)[target], for logits `[N, C, …]` and targets `[N, …]` (i64), optionally weighted by class.
  public func crossEntropy(_ target: Tensor, weights: Tensor? = nil, reduction: Reduction = .mean) -> Tensor {
    Operators.crossEntropy(
      .tensor(self), .tensor(target), .tensor(weights), .int(reduction.rawValue), .int(-100), .double(0))
  }
  /// |x − target|.
  public func absoluteError(_ target: Tensor, reduction: Reduction = .mean) -> Tensor {
    sameShape(target, "absolute error")
    return Operators.l1Loss(.tensor(self), .tensor(target), .int(reduction.rawValue))
  }
  /// (x − target)².
  public func squaredError(_ target: Tensor, reduction: Reduction = .mean) -> Tensor {
    sameShape(target, "squared error")
    return Operators.mseLoss(.tensor(self), .tensor(target), .int(reduction.rawValue))
  }
  /// Squared below `beta`, absolute above it.
  public func smoothAbsoluteError(_ target: Tensor, beta: Double = 1, reduction: Reduction = .mean) -> Tensor {
    sameShape(target, "smooth absolute error")
    return Operators.smoothL1Loss(.tensor(self), .tensor(target), .int(reduction.rawValue), .double(beta))
  }

  /// libtorch would broadcast `[B]` against `[B, 1]` to `[B, B]`, and train towards a constant.
  private func sameShape(_ target: Tensor, _ loss: String) {
    guard shape == target.shape else { Door.fail("\(loss) of \(self) against \(target)") }
  }
}
