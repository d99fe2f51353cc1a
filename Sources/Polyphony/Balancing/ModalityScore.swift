import Torch

/// The score ε_i of a prediction from one modality on a batch; higher is better.
///
/// * Classification: accuracy.
/// * Multi-label classification: the share of right labels (`ŷ ≥ 0` against `y = 1`).
/// * Segmentation: mean Dice (``SegmentationScore``).
/// * Regression, one of three: the accuracy of the sign (`ŷ ≥ 0` against `y ≥ 0`, as in CGGM's code for sentiment), the
///   confidence mean exp(−|ŷ − y|), or minus the mean absolute error (as in the paper's text). Each is averaged over
///   the targets.
///
/// ```swift
/// let score = ModalityScore(PredictionTask(kind: .classification, classes: 3))
/// let accuracies = score([text, audio], target)
/// ```
public struct ModalityScore: Sendable {
  /// The score of a regression.
  public enum Regression: String, Sendable, CaseIterable {
    /// The accuracy of the sign.
    case sign
    /// The confidence mean exp(−|ŷ − y|), in (0, 1].
    case confidence
    /// Minus the mean absolute error, −mean |ŷ − y|.
    case error
  }

  private let task: PredictionTask
  private let regression: Regression

  /// Makes the score of a task. By default, a regression has the sign's accuracy for sentiment and the confidence
  /// otherwise.
  public init(_ task: PredictionTask, regression: Regression? = nil) {
    self.task = task
    self.regression = regression ?? (task.metrics == nil ? .confidence : .sign)
  }

  /// The score of an untrained classifier: 1/classes, ½ for a sign or a label, 0 for Dice. It is nil for confidence and
  /// error, because it then depends on the targets.
  public var chance: Double? {
    switch task.kind {
    case .classification: 1 / Double(max(task.classes ?? 1, 1))
    case .multilabel: 0.5
    case .segmentation: 0
    case .regression: regression == .sign ? 0.5 : nil
    }
  }

  /// The best possible score: 0 for the error, 1 for all others.
  public var best: Double { task.kind == .regression && regression == .error ? 0 : 1 }

  /// Computes the scores of several predictions of one batch. One transfer brings all numbers from the device.
  public func callAsFunction(_ predictions: [Tensor], _ target: Tensor) -> [Double] {
    stacked(predictions, target).doubles
  }

  /// The scores of several predictions of one batch, in one tensor on their device.
  func stacked(_ predictions: [Tensor], _ target: Tensor) -> Tensor {
    noGrad { .stacked(predictions.map { score($0.detached(), target) }) }
  }

  private func score(_ prediction: Tensor, _ target: Tensor) -> Tensor {
    switch task.kind {
    case .classification: return (prediction.argmax(1) .== target).to(prediction.dtype).mean()
    case .multilabel: return ((prediction .>= 0) .== (target .>= 0.5)).to(prediction.dtype).mean()
    case .segmentation:
      return SegmentationScore.dice(prediction, target, classes: task.classes ?? 0).mean().to(prediction.dtype)
    case .regression:
      switch regression {
      case .sign: return ((prediction .>= 0) .== (target .>= 0)).to(prediction.dtype).mean()
      case .confidence: return (-(prediction - target).abs()).exp().mean()
      case .error: return -(prediction - target).abs().mean()
      }
    }
  }
}
