import Torch

/// The loss of a task, averaged over the batch.
public struct TaskLoss: Sendable {
  /// What is minimised.
  public enum Form: String, Sendable, CaseIterable, Codable {
    /// mean |ŷ − y|
    case absolute
    /// mean (ŷ − y)²
    case squared
    /// mean −log softmax(ŷ)[y]
    case crossEntropy = "cross_entropy"
  }

  /// What is minimised.
  public let form: Form

  /// The field's usual loss of a task: absolute error for regression, cross-entropy for classes.
  public init(_ task: PredictionTask) { form = task.kind == .regression ? .absolute : .crossEntropy }

  /// A loss chosen by name.
  /// - Throws: `Fault(.usage)` where the task cannot have it.
  public init(_ form: Form, for task: PredictionTask) throws(Fault) {
    guard (form == .crossEntropy) == (task.kind != .regression) else {
      throw Fault(
        .usage, "this task cannot have this loss", key: "training.loss", found: form.rawValue,
        expected: task.kind == .regression ? "absolute or squared" : Form.crossEntropy.rawValue)
    }
    self.form = form
  }

  /// The loss, without dimensions.
  public func callAsFunction(_ prediction: Tensor, _ target: Tensor) -> Tensor {
    switch form {
    case .absolute: prediction.absoluteError(target)
    case .squared: prediction.squaredError(target)
    case .crossEntropy: prediction.crossEntropy(target)
    }
  }

  /// ∂loss/∂prediction in closed form: sign(ŷ − y)/B, 2(ŷ − y)/B, or (softmax(ŷ) − onehot(y))/B.
  ///
  /// Differentiable in the prediction except through the sign, whose derivative is zero.
  public func gradient(_ prediction: Tensor, _ target: Tensor) -> Tensor {
    let count = Double(target.count)
    switch form {
    case .absolute: return (prediction - target).sign() / count
    case .squared: return (prediction - target) * (2 / count)
    case .crossEntropy:
      return (prediction.softmax(1) - target.oneHot(prediction.size(1)).to(prediction.dtype)) / count
    }
  }
}
