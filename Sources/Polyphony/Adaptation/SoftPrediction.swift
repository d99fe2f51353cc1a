import Torch

/// What a prediction says, in a form that can be averaged and compared: the value, or the probabilities of the classes.
enum SoftPrediction {
  /// `[N, 1]` for regression, else softmax over the classes, `[N, C]` or `[N, C, H, W]`.
  static func of(_ prediction: Tensor, _ task: PredictionTask) -> Tensor {
    task.kind == .regression ? prediction : prediction.softmax(1)
  }

  /// How much predictions (logits, values) differ between samples (and places): √(mean over outputs of the variance).
  static func spread(_ prediction: Tensor, _ task: PredictionTask) -> Double {
    noGrad {
      let soft = of(prediction, task).to(.float64)
      let variance = soft.rank == 4 ? soft.variance(0, 2, 3) : soft.variance(0)
      return variance.mean().sqrt().item
    }
  }

  /// The mean distance ‖·‖₁ between what two predictions of the same samples (and places) say.
  static func distance(_ one: Tensor, _ other: Tensor, _ task: PredictionTask) -> Double {
    noGrad { (of(one, task) - of(other, task)).abs().to(.float64).sum(1).mean().item }
  }

  /// The mean distance of predictions from what they should be: |ŷ − y| for values, −Σ p log softmax(ŷ) for classes.
  ///
  /// - Parameter target: soft predictions, of the shape of `prediction`.
  static func loss(_ prediction: Tensor, _ target: Tensor, _ task: PredictionTask) -> Tensor {
    if task.kind == .regression { return prediction.absoluteError(target) }
    return -(target * prediction.logSoftmax(1)).sum(1).mean()
  }
}
