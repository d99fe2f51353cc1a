import Torch

/// Moments of the training split, which a model folder keeps for test-time adaptation. It keeps no sample.
///
/// The moments belong to K strata of the samples. A stratum is a class; for a regression with one target it is a fifth
/// of the samples by target; any other task has one stratum. Features are those that the backbone reads, standardised.
///
/// ```swift
/// let model = try ModelFolder.read("runs/base/model")
/// if let moments = model.sourceMoments { print(moments.shares.doubles) }
/// ```
public struct SourceMoments {
  /// The moments of a modality's features.
  public struct Features {
    /// The mean by stratum, step and feature, `[K, S, D]` f64.
    ///
    /// S is the number of steps if each step has moments of its own, and 1 if all steps share them. An image has one
    /// feature for each channel.
    public var mean: Tensor
    /// The mean variance within a stratum, `[S, D]` f64.
    public var variance: Tensor
    /// The distance of the validation split from the training split. An adaptation need not undo a distance of this size.
    public var foldDrift: FeatureDrift

    /// Combines moments of the same shape.
    public init(mean: Tensor, variance: Tensor, foldDrift: FeatureDrift = .none) {
      (self.mean, self.variance, self.foldDrift) = (mean, variance, foldDrift)
    }

    /// The same moments for all steps: means over the steps, and the variance around them.
    var pooled: Features {
      guard mean.size(1) > 1 else { return self }
      let pooled = mean.mean(1, keep: true)
      let between = (mean - pooled).squared().mean(0, 1).unsqueezed(0)
      return Features(mean: pooled, variance: variance.mean(0, keep: true) + between, foldDrift: foldDrift)
    }

    /// The moments of all samples as one stratum.
    func united(_ shares: Tensor) -> Features {
      let weights = shares.reshaped(-1, 1, 1)
      let united = (mean * weights).sum(0, keep: true)
      let between = ((mean - united).squared() * weights).sum(0)
      return Features(mean: united, variance: variance + between, foldDrift: foldDrift)
    }

    /// Moments of standardised features without strata: mean 0 and variance 1.
    static func standard(features: Int) -> Features {
      Features(mean: .zeros([1, 1, features], dtype: .float64), variance: .ones([1, features], dtype: .float64))
    }
  }

  /// The moments of the model's answers by stratum, which tell a regression's strata apart.
  public struct Answers {
    /// The mean prediction of each stratum, `[K]` f64.
    public var mean: Tensor
    /// The standard deviation of the predictions within each stratum, `[K]` f64.
    public var deviation: Tensor

    /// Combines moments of the same shape.
    public init(mean: Tensor, deviation: Tensor) { (self.mean, self.deviation) = (mean, deviation) }
  }

  /// The moments of the input of the last linear layer in its principal directions.
  public struct Principal {
    /// The mean, `[W]` f64.
    public var mean: Tensor
    /// The unit vectors with the largest variances, `[P, W]` f64, in falling order.
    public var directions: Tensor
    /// Their variances, `[P]` f64.
    public var variance: Tensor

    /// Combines moments of the same width.
    public init(mean: Tensor, directions: Tensor, variance: Tensor) {
      (self.mean, self.directions, self.variance) = (mean, directions, variance)
    }
  }

  /// The share of each stratum among the training samples, `[K]` f64.
  public var shares: Tensor
  /// The moments of the features, by modality.
  public var features: [String: Features]
  /// The moments of the answers; nil for a task whose strata are not those of a regression.
  public var answers: Answers?
  /// The moments of the last linear layer's input; nil for segmentation.
  public var principal: Principal?

  /// The number K of strata for a task: the classes, or the fifths of a regression with one target, else 1.
  static func strata(of task: PredictionTask) -> Int {
    switch task.kind {
    case .classification: task.classes ?? 1
    case .regression: task.outputs == 1 ? 5 : 1
    case .multilabel, .segmentation: 1
    }
  }

  /// Combines moments.
  public init(
    shares: Tensor, features: [String: Features], answers: Answers? = nil, principal: Principal? = nil
  ) {
    (self.shares, self.features, self.answers, self.principal) = (shares, features, answers, principal)
  }
}
