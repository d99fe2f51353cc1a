import Torch

/// The loss of a task, averaged over the batch.
public struct TaskLoss: Sendable {
  /// What is minimised.
  public enum Form: String, Sendable, CaseIterable, Codable {
    /// mean |ŷ − y|
    case absolute
    /// mean (ŷ − y)²
    case squared
    /// The mean of −log softmax(ŷ)[y], weighted by class.
    case crossEntropy = "cross_entropy"
    /// ½ weighted cross-entropy + ½ (1 − soft Dice over the foreground), for segmentation.
    case dice
  }

  /// What is minimised.
  public let form: Form
  /// The weights of the classes in the cross-entropy; nil for equal ones.
  public let classWeights: [Double]?

  /// The field's usual loss of a task: absolute error for regression, cross-entropy for classes, cross-entropy and Dice
  /// for segmentation.
  ///
  /// Four classes of segmentation are those of the BraTS challenge, which are weighted 0.2, 0.3, 0.25, 0.25.
  public init(_ task: PredictionTask) {
    switch task.kind {
    case .regression: form = .absolute
    case .classification: form = .crossEntropy
    case .segmentation: form = .dice
    }
    classWeights = TaskLoss.usualWeights(task)
  }

  /// A loss chosen by name.
  /// - Throws: `Fault(.usage)` where the task cannot have it, or cannot have these weights.
  public init(_ form: Form, for task: PredictionTask, classWeights: [Double]? = nil) throws(Fault) {
    let possible: [Form] =
      switch task.kind {
      case .regression: [.absolute, .squared]
      case .classification: [.crossEntropy]
      case .segmentation: [.dice, .crossEntropy]
      }
    guard possible.contains(form) else {
      throw Fault(
        .usage, "this task cannot have this loss", key: "training.loss", found: form.rawValue,
        expected: possible.map(\.rawValue).joined(separator: " or "))
    }
    if let classWeights {
      guard task.kind != .regression, classWeights.count == task.classes, classWeights.contains(where: { $0 > 0 })
      else {
        throw Fault(
          .usage, "these class weights do not fit the task", key: "training.class_weights",
          found: "\(classWeights)",
          expected: task.kind == .regression
            ? "none: regression has no classes" : "\(task.classes ?? 0) weights, one of them above 0")
      }
    }
    self.form = form
    self.classWeights = classWeights ?? TaskLoss.usualWeights(task)
  }

  private static func usualWeights(_ task: PredictionTask) -> [Double]? {
    task.kind == .segmentation && task.classes == 4 ? [0.2, 0.3, 0.25, 0.25] : nil
  }

  /// The loss, without dimensions.
  public func callAsFunction(_ prediction: Tensor, _ target: Tensor) -> Tensor {
    switch form {
    case .absolute: prediction.absoluteError(target)
    case .squared: prediction.squaredError(target)
    case .crossEntropy: prediction.crossEntropy(target, weights: weights(like: prediction))
    case .dice:
      prediction.crossEntropy(target, weights: weights(like: prediction)) * (1 - SoftDice.share)
        + (1 - SoftDice(prediction.softmax(1), target).value) * SoftDice.share
    }
  }

  /// ∂loss/∂prediction in closed form: sign(ŷ − y)/B, 2(ŷ − y)/B, w_y (softmax(ŷ) − onehot(y))/Σw, and for Dice what
  /// the quotient rule and the softmax make of it.
  ///
  /// Differentiable in the prediction except through the sign, whose derivative is zero.
  public func gradient(_ prediction: Tensor, _ target: Tensor) -> Tensor {
    switch form {
    case .absolute: return (prediction - target).sign() / Double(target.count)
    case .squared: return (prediction - target) * (2 / Double(target.count))
    case .crossEntropy: return crossEntropyGradient(prediction.softmax(1), target)
    case .dice:
      let shares = prediction.softmax(1)
      let byShare = SoftDice(shares, target).gradient * -SoftDice.share
      // The softmax's own derivative: p ⊙ (g − Σ_c p_c g_c).
      let dice = shares * (byShare - (shares * byShare).sum(1, keep: true))
      return crossEntropyGradient(shares, target) * (1 - SoftDice.share) + dice
    }
  }

  private func crossEntropyGradient(_ shares: Tensor, _ target: Tensor) -> Tensor {
    let difference = shares - TaskLoss.oneHot(target, like: shares)
    guard let weights = weights(like: shares) else { return difference / Double(target.count) }
    let perSample = weights.rows(target.flattened()).reshaped(to: target.shape)
    return difference * (perSample / perSample.sum()).unsqueezed(1)
  }

  private func weights(like tensor: Tensor) -> Tensor? {
    classWeights.map { Tensor($0).to(tensor.dtype).to(tensor.device) }
  }

  /// `[B, classes, …]` from `[B, …]`.
  static func oneHot(_ target: Tensor, like tensor: Tensor) -> Tensor {
    let hot = target.oneHot(tensor.size(1)).to(tensor.dtype)
    return target.rank == 3 ? hot.permuted(0, 3, 1, 2) : hot
  }
}
