import Torch

/// The loss of a task, averaged over the batch.
///
/// ```swift
/// let loss = try TaskLoss(.squared, for: PredictionTask(kind: .regression))
/// let value = loss(prediction, target)
/// let gradient = loss.gradient(prediction, target)
/// ```
public struct TaskLoss: Sendable {
  /// The formula of the loss.
  public enum Form: String, Sendable, CaseIterable, Codable {
    /// The absolute error, mean |ŷ − y|, also over the targets.
    case absolute
    /// The squared error, mean (ŷ − y)², also over the targets.
    case squared
    /// The mean of −log softmax(ŷ)[y], weighted by class.
    case crossEntropy = "cross_entropy"
    /// The mean over samples and labels of −w y ln σ(ŷ) − (1 − y) ln(1 − σ(ŷ)), with a weight w by label.
    case binaryCrossEntropy = "binary_cross_entropy"
    /// ½ weighted cross-entropy + ½ (1 − soft Dice over the foreground), for segmentation.
    case dice
  }

  /// The formula of the loss.
  public let form: Form
  /// The weights of the classes in the cross-entropy, or of the positive samples of each label; nil for equal weights.
  public let classWeights: [Double]?

  /// Makes the field's usual loss of a task: absolute error for regression, cross-entropy for classes, binary
  /// cross-entropy for labels, and cross-entropy with Dice for segmentation.
  ///
  /// A segmentation with four classes is that of the BraTS challenge. Its classes have the weights 0.2, 0.3, 0.25,
  /// 0.25.
  public init(_ task: PredictionTask) {
    switch task.kind {
    case .regression: form = .absolute
    case .classification: form = .crossEntropy
    case .multilabel: form = .binaryCrossEntropy
    case .segmentation: form = .dice
    }
    classWeights = TaskLoss.usualWeights(task)
  }

  /// Makes a loss by its form.
  /// - Throws: `Fault(.usage)` for a form or for weights that do not fit the task.
  public init(_ form: Form, for task: PredictionTask, classWeights: [Double]? = nil) throws(Fault) {
    let possible: [Form] =
      switch task.kind {
      case .regression: [.absolute, .squared]
      case .classification: [.crossEntropy]
      case .multilabel: [.binaryCrossEntropy]
      case .segmentation: [.dice, .crossEntropy]
      }
    guard possible.contains(form) else {
      throw Fault(
        .usage, "this task cannot have this loss", key: "training.loss", found: form.rawValue,
        expected: possible.map(\.rawValue).joined(separator: " or "))
    }
    if let classWeights { try TaskLoss.check(classWeights, for: task) }
    self.form = form
    self.classWeights = classWeights ?? TaskLoss.usualWeights(task)
  }

  /// Checks that there is one weight for each class.
  /// - Throws: `Fault(.usage)` with the order of the classes.
  static func check(_ classWeights: [Double], for task: PredictionTask) throws(Fault) {
    guard task.kind != .regression, classWeights.count == task.classes, classWeights.contains(where: { $0 > 0 }) else {
      throw Fault(
        .usage, "these class weights do not fit the task", key: "training.class_weights",
        found: "\(classWeights.count) weights: \(classWeights.map { "\($0)" }.joined(separator: ", "))",
        expected: task.kind == .regression
          ? "none: regression has no classes"
          : "\(task.classes ?? 0) weights, one of them above 0, in the order \(task.classOrder)")
    }
  }

  private static func usualWeights(_ task: PredictionTask) -> [Double]? {
    task.kind == .segmentation && task.classes == 4 ? [0.2, 0.3, 0.25, 0.25] : nil
  }

  /// The loss, a scalar tensor.
  public func callAsFunction(_ prediction: Tensor, _ target: Tensor) -> Tensor {
    switch form {
    case .absolute: prediction.absoluteError(target)
    case .squared: prediction.squaredError(target)
    case .crossEntropy: prediction.crossEntropy(target, weights: weights(like: prediction))
    case .binaryCrossEntropy: prediction.binaryCrossEntropy(target, positiveWeights: weights(like: prediction))
    case .dice:
      prediction.crossEntropy(target, weights: weights(like: prediction)) * (1 - SoftDice.share)
        + (1 - SoftDice(prediction.softmax(1), target).value) * SoftDice.share
    }
  }

  /// The gradient ∂loss/∂prediction in closed form.
  ///
  /// It is sign(ŷ − y)/BK, 2(ŷ − y)/BK, w_y (softmax(ŷ) − onehot(y))/Σw or ((1 − y + wy) σ(ŷ) − wy)/BK, for B samples
  /// with K targets or labels. For Dice it follows from the quotient rule and the softmax. It is differentiable in the
  /// prediction, except through the sign, whose derivative is zero.
  public func gradient(_ prediction: Tensor, _ target: Tensor) -> Tensor {
    switch form {
    case .absolute: return (prediction - target).sign() / Double(target.count)
    case .squared: return (prediction - target) * (2 / Double(target.count))
    case .crossEntropy: return crossEntropyGradient(prediction.softmax(1), target)
    case .binaryCrossEntropy:
      let positive = weights(like: prediction).map { target * $0 } ?? target
      return ((1 - target + positive) * prediction.sigmoid() - positive) / Double(target.count)
    case .dice:
      let shares = prediction.softmax(1)
      let byShare = SoftDice(shares, target).gradient * -SoftDice.share
      // This is the derivative of the softmax: p ⊙ (g − Σ_c p_c g_c).
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

  /// The weights of some samples in a mean loss, by which the losses of parts make that of the whole; nil for equal weights.
  ///
  /// With class weights, cross-entropy divides by the sum of the samples' weights.
  func sampleWeights(_ target: Tensor, _ rows: [Int]) -> [Double]? {
    guard form == .crossEntropy, target.rank == 1, let classWeights else { return nil }
    return target.rows(Tensor(rows)).integers.map { classWeights[$0] }
  }

  private func weights(like tensor: Tensor) -> Tensor? {
    classWeights.map { Tensor($0).to(tensor.dtype).to(tensor.device) }
  }

  /// The truth as 0 and 1, `[B, classes, …]` from `[B, …]`.
  static func oneHot(_ target: Tensor, like tensor: Tensor) -> Tensor {
    let hot = target.oneHot(tensor.size(1)).to(tensor.dtype)
    let last = target.rank
    return last > 2 ? hot.permuted(to: [0, last] + Array(1..<last)) : hot
  }
}
