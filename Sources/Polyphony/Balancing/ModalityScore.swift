import Torch

/// ε_i: how well a prediction from one modality does on a batch; higher is better.
///
/// * classification: accuracy
/// * segmentation: mean Dice (``SegmentationScore``)
/// * regression, one of: the accuracy of the sign (`ŷ ≥ 0` against `y ≥ 0`; CGGM's code for sentiment), the confidence
///   mean exp(−|ŷ − y|), or minus the mean absolute error (the paper's text).
public struct ModalityScore: Sendable {
  /// The score of regression.
  public enum Regression: String, Sendable, CaseIterable {
    /// The accuracy of the sign.
    case sign
    /// mean exp(−|ŷ − y|), in (0, 1].
    case confidence
    /// −mean |ŷ − y|.
    case error
  }

  private let task: PredictionTask
  private let regression: Regression

  /// The score of a task. Without a choice, regression is judged by sign where it is sentiment, by confidence elsewhere.
  public init(_ task: PredictionTask, regression: Regression? = nil) {
    self.task = task
    self.regression = regression ?? (task.metrics == nil ? .confidence : .sign)
  }

  /// What a classifier that has learned nothing scores: 1/classes, ½ for a sign, 0 for Dice; nil where it depends on the
  /// targets (confidence and error).
  public var chance: Double? {
    switch task.kind {
    case .classification: 1 / Double(max(task.classes ?? 1, 1))
    case .segmentation: 0
    case .regression: regression == .sign ? 0.5 : nil
    }
  }

  /// The scores of several predictions of one batch; the numbers come back from the device at once.
  public func callAsFunction(_ predictions: [Tensor], _ target: Tensor) -> [Double] {
    noGrad { Tensor.stacked(predictions.map { score($0.detached(), target) }).doubles }
  }

  private func score(_ prediction: Tensor, _ target: Tensor) -> Tensor {
    switch task.kind {
    case .classification: return (prediction.argmax(1) .== target).to(prediction.dtype).mean()
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
