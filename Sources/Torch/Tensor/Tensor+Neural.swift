extension Tensor {
  /// Returns the matrix product over the last two dimensions, and broadcasts the others.
  public func matmul(_ other: Tensor) -> Tensor { Operators.matmul(.tensor(self), .tensor(other)) }

  /// Computes an Einstein summation, such as `einsum("blr,rd->bld", x, w)`.
  public static func einsum(_ equation: StaticString, _ operands: Tensor...) -> Tensor {
    Operators.einsum(.string(equation), .tensors(operands), .none)
  }

  /// Computes x·Wᵀ + b for a weight `[out, in]`.
  public func linear(_ weight: Tensor, _ bias: Tensor?) -> Tensor {
    Operators.linear(.tensor(self), .tensor(weight), .tensor(bias))
  }

  /// Computes a convolution over as many dimensions as `stride` has elements.
  public func convolution(
    _ weight: Tensor, _ bias: Tensor?, stride: [Int], padding: [Int], dilation: [Int], groups: Int = 1
  ) -> Tensor {
    Operators.convolution(
      .tensor(self), .tensor(weight), .tensor(bias), .ints(stride), .ints(padding), .ints(dilation), .bool(false),
      .ints(stride.map { _ in 0 }), .int(groups))
  }

  /// Computes a transposed convolution without padding over as many dimensions as `stride` has elements.
  public func transposedConvolution(_ weight: Tensor, _ bias: Tensor?, stride: [Int]) -> Tensor {
    let (zeros, ones) = (stride.map { _ in 0 }, stride.map { _ in 1 })
    return Operators.convolution(
      .tensor(self), .tensor(weight), .tensor(bias), .ints(stride), .ints(zeros), .ints(ones), .bool(true),
      .ints(zeros), .int(1))
  }

  /// Computes max(x, 0) + slope · min(x, 0).
  public func leakyRelu(slope: Double = 0.01) -> Tensor { Operators.leakyRelu(.tensor(self), .double(slope)) }

  /// Computes (x − mean) / √(variance + ε) · weight + bias over the last dimension.
  public func layerNorm(_ weight: Tensor?, _ bias: Tensor?, epsilon: Double = 1e-5) -> Tensor {
    Operators.layerNorm(
      .tensor(self), .ints([size(-1)]), .tensor(weight), .tensor(bias), .double(epsilon), .bool(false))
  }

  /// Computes softmax(Q·Kᵀ · scale + bias)·V for queries `[B, H, L, d]`, keys and values `[B, H, S, d]`.
  ///
  /// - Parameters:
  ///   - mask: a tensor that broadcasts to `[B, H, L, S]`. Truth values say which keys a query sees. Numbers are added to
  ///     the scores.
  ///   - scale: the factor of the scores. The default is 1/√d.
  ///   - dropout: the probability of dropping a share.
  public func attention(
    _ keys: Tensor, _ values: Tensor, mask: Tensor? = nil, causal: Bool = false, scale: Double? = nil,
    dropout: Double = 0
  ) -> Tensor {
    Operators.attention(
      .tensor(self), .tensor(keys), .tensor(values), .tensor(mask), .double(dropout), .bool(causal),
      scale.map { .double($0) } ?? .none)
  }

  /// Computes eˣ / Σ eˣ along a dimension.
  public func softmax(_ dimension: Int) -> Tensor {
    Operators.softmax(.tensor(self), .int(dimension), .dtype(nil))
  }
  /// Computes x − ln Σ eˣ along a dimension.
  public func logSoftmax(_ dimension: Int) -> Tensor {
    Operators.logSoftmax(.tensor(self), .int(dimension), .dtype(nil))
  }
  /// Computes max pooling over the last two dimensions.
  /// - Parameter ceil: true for windows that begin within the input and reach beyond it.
  public func maxPool2d(kernel: Int, stride: Int, padding: Int = 0, ceil: Bool = false) -> Tensor {
    Operators.maxPool2d(
      .tensor(self), .ints([kernel, kernel]), .ints([stride, stride]), .ints([padding, padding]), .ints([1, 1]),
      .bool(ceil))
  }
  /// Computes means over windows, so that the last two dimensions get the size `[height, width]`.
  public func averagePool2d(to size: [Int]) -> Tensor {
    Operators.adaptiveAveragePool2d(.tensor(self), .ints(size))
  }
  /// Interpolates the last two dimensions bilinearly to `[height, width]`, without aligned corners.
  public func upsampledBilinear(to size: [Int]) -> Tensor {
    Operators.upsampleBilinear2d(.tensor(self), .ints(size), .bool(false), .none, .none)
  }
  /// Interpolates the last three dimensions linearly to `[depth, height, width]`, without aligned corners.
  public func upsampledTrilinear(to size: [Int]) -> Tensor {
    Operators.upsampleTrilinear3d(.tensor(self), .ints(size), .bool(false), .none, .none, .none)
  }
  /// Interpolates the last two dimensions bicubically to `[height, width]`, without aligned corners.
  public func upsampledBicubic(to size: [Int]) -> Tensor {
    Operators.upsampleBicubic2d(.tensor(self), .ints(size), .bool(false), .none, .none)
  }
  /// Applies the transpose of ``upsampledBilinear(to:)`` as a linear map, from `[B, C, H, W]` to `[B, C, h, w]`.
  public func upsampledBilinearTransposed(to size: [Int]) -> Tensor {
    Operators.upsampleBilinear2dBackward(
      .tensor(self), .ints([self.size(2), self.size(3)]), .ints([self.size(0), self.size(1)] + size), .bool(false),
      .none, .none)
  }
  /// Reads images `[B, C, H, W]` at other places: an affine map of each image, without aligned corners.
  ///
  /// A place outside the image reads zero.
  /// - Parameters:
  ///   - maps: `[B, 2, 3]`, from places of the result to places of the image. Both have coordinates from −1 to 1, x first.
  ///   - nearest: true for the value of the nearest pixel, false for bilinear interpolation.
  public func resampled(by maps: Tensor, nearest: Bool = false) -> Tensor {
    let grid = Operators.affineGrid(.tensor(maps), .ints(shape), .bool(false))
    return Operators.gridSample(.tensor(self), .tensor(grid), .int(nearest ? 1 : 0), .int(0), .bool(false))
  }
  /// Solves self · X = right for X. `self` is a square matrix or a batch of them.
  public func solved(_ right: Tensor) -> Tensor { Operators.solve(.tensor(self), .tensor(right), .bool(true)) }

  /// The eigenvalues of a symmetric matrix in rising order, and its unit eigenvectors as columns.
  public func symmetricEigen() -> (values: Tensor, vectors: Tensor) {
    let results = Operators.symmetricEigen.all(.tensor(self), .string("L"))
    return (results[0]!, results[1]!)
  }
}

/// The way in which a loss combines its elements; libtorch's `Reduction`.
public enum Reduction: Int, Sendable {
  /// Keeps one loss per element.
  case none = 0
  /// Takes their mean.
  case mean = 1
  /// Takes their sum.
  case sum = 2
}

// Losses
extension Tensor {
  /// Computes −log softmax(x)[target] for logits `[N, C, …]` and targets `[N, …]` (i64), optionally weighted by class.
  public func crossEntropy(_ target: Tensor, weights: Tensor? = nil, reduction: Reduction = .mean) -> Tensor {
    Operators.crossEntropy(
      .tensor(self), .tensor(target), .tensor(weights), .int(reduction.rawValue), .int(-100), .double(0))
  }
  /// Computes −w y ln σ(x) − (1 − y) ln(1 − σ(x)) for logits x and targets y in [0, 1] of the same shape.
  ///
  /// The weights w of the positive targets, one for each column, are 1 by default.
  public func binaryCrossEntropy(
    _ target: Tensor, positiveWeights: Tensor? = nil, reduction: Reduction = .mean
  ) -> Tensor {
    sameShape(target, "binary cross-entropy")
    return Operators.binaryCrossEntropy(
      .tensor(self), .tensor(target), .none, .tensor(positiveWeights), .int(reduction.rawValue))
  }
  /// Computes |x − target|.
  public func absoluteError(_ target: Tensor, reduction: Reduction = .mean) -> Tensor {
    sameShape(target, "absolute error")
    return Operators.l1Loss(.tensor(self), .tensor(target), .int(reduction.rawValue))
  }
  /// Computes (x − target)².
  public func squaredError(_ target: Tensor, reduction: Reduction = .mean) -> Tensor {
    sameShape(target, "squared error")
    return Operators.mseLoss(.tensor(self), .tensor(target), .int(reduction.rawValue))
  }
  /// Computes the smooth absolute error, which is squared below `beta` and absolute above it.
  public func smoothAbsoluteError(_ target: Tensor, beta: Double = 1, reduction: Reduction = .mean) -> Tensor {
    sameShape(target, "smooth absolute error")
    return Operators.smoothL1Loss(.tensor(self), .tensor(target), .int(reduction.rawValue), .double(beta))
  }

  /// Ends the process if the shapes differ. libtorch would broadcast `[B]` against `[B, 1]` to `[B, B]`, and the model
  /// would learn a constant.
  private func sameShape(_ target: Tensor, _ loss: String) {
    guard shape == target.shape else { Door.fail("\(loss) of \(self) against \(target)") }
  }
}
