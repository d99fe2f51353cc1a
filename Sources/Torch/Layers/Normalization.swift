/// Layer normalisation (Ba et al. 2016): (x − mean) / √(variance + ε) · weight + bias over the last dimension.
public final class LayerNorm: Module {
  /// The scale, `[width]`.
  @Parameter public var weight: Tensor
  /// The shift, `[width]`.
  @Parameter public var bias: Tensor
  /// The number ε.
  public let epsilon: Double

  /// Makes a layer over `width` features with scale 1 and shift 0.
  public init(_ width: Int, epsilon: Double = 1e-5) {
    self.epsilon = epsilon
    super.init()
    weight = .ones([width])
    bias = .zeros([width])
  }

  /// Normalises the last dimension.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.layerNorm(weight, bias, epsilon: epsilon) }
}

/// Group normalisation (Wu & He 2018) over `[batch, channels, …]`: each group of channels of a sample has mean 0 and
/// variance 1 before scale and shift.
public final class GroupNorm: Module {
  /// The scale, `[channels]`.
  @Parameter public var weight: Tensor
  /// The shift, `[channels]`.
  @Parameter public var bias: Tensor
  let groups: Int
  let epsilon: Double

  /// Makes a layer with scale 1 and shift 0. `groups` must divide `channels`.
  public init(groups: Int, channels: Int, epsilon: Double = 1e-5) {
    (self.groups, self.epsilon) = (groups, epsilon)
    super.init()
    weight = .ones([channels])
    bias = .zeros([channels])
  }

  /// Normalises every group of every sample.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    Operators.groupNorm(.tensor(x), .int(groups), .tensor(weight), .tensor(bias), .double(epsilon), .bool(false))
  }
}

/// Instance normalisation (Ulyanov et al. 2016) over `[batch, channels, …]`: each channel of a sample has mean 0 and
/// variance 1 before scale and shift, in training and in evaluation.
public final class InstanceNorm: Module {
  /// The scale, `[channels]`.
  @Parameter public var weight: Tensor
  /// The shift, `[channels]`.
  @Parameter public var bias: Tensor
  let epsilon: Double

  /// Makes a layer with scale 1 and shift 0.
  public init(_ channels: Int, epsilon: Double = 1e-5) {
    self.epsilon = epsilon
    super.init()
    weight = .ones([channels])
    bias = .zeros([channels])
  }

  /// Normalises every channel of every sample. It is group normalisation with a group for each channel.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    Operators.groupNorm(
      .tensor(x), .int(x.size(1)), .tensor(weight), .tensor(bias), .double(epsilon), .bool(false))
  }
}

/// Batch normalisation over `[batch, channels, height, width]` (Ioffe & Szegedy 2015).
///
/// In training it uses the batch's statistics and updates the running ones. In evaluation it uses the running ones.
public final class BatchNorm2d: Module {
  /// The scale, `[channels]`.
  @Parameter public var weight: Tensor
  /// The shift, `[channels]`.
  @Parameter public var bias: Tensor
  /// The running mean, `[channels]`.
  @Buffer("running_mean") public var runningMean: Tensor
  /// The running variance (unbiased), `[channels]`.
  @Buffer("running_var") public var runningVariance: Tensor
  /// The number of batches in the running statistics.
  @Buffer("num_batches_tracked") public var batchCount: Tensor
  let epsilon: Double
  let momentum: Double

  /// Makes a layer over `channels` with scale 1 and shift 0. `momentum` is the share of a new batch in the running
  /// statistics.
  public init(_ channels: Int, epsilon: Double = 1e-5, momentum: Double = 0.1) {
    (self.epsilon, self.momentum) = (epsilon, momentum)
    super.init()
    weight = .ones([channels])
    bias = .zeros([channels])
    runningMean = .zeros([channels])
    runningVariance = .ones([channels])
    batchCount = .zeros([], dtype: .int64)
  }

  /// Normalises every channel.
  ///
  /// A batch with a single value per channel has no variance, so it takes the running statistics in training too.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let isTraining = isTraining && x.count > x.size(1)
    if isTraining { batchCount.addInPlace(Tensor(1, dtype: .int64)) }
    return Operators.batchNorm(
      .tensor(x), .tensor(weight), .tensor(bias), .tensor(runningMean), .tensor(runningVariance), .bool(isTraining),
      .double(momentum), .double(epsilon), .bool(true))
  }
}
