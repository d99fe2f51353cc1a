import Torch

/// Predictions in a form for averages and comparisons: the value, or the probabilities of the classes.
enum SoftPrediction {
  /// The value `[N, 1]` for regression, else the softmax over the classes, `[N, C]` or `[N, C, H, W]`.
  static func of(_ prediction: Tensor, _ task: PredictionTask) -> Tensor {
    task.kind == .regression ? prediction : prediction.softmax(1)
  }

  /// The spread of predictions (logits, values) between samples (and places): √(mean over outputs of the variance).
  static func spread(_ prediction: Tensor, _ task: PredictionTask) -> Double {
    noGrad {
      let soft = of(prediction, task).to(.float64)
      let variance = soft.rank == 4 ? soft.variance(0, 2, 3) : soft.variance(0)
      return variance.mean().sqrt().item
    }
  }

  /// The mean distance ‖·‖₁ between two soft predictions of the same samples (and places).
  static func distance(_ one: Tensor, _ other: Tensor, _ task: PredictionTask) -> Double {
    noGrad { (of(one, task) - of(other, task)).abs().to(.float64).sum(1).mean().item }
  }

  /// The mean distance of predictions from soft targets: |ŷ − y| for values, −Σ p log softmax(ŷ) for classes.
  ///
  /// - Parameter target: soft predictions, of the shape of `prediction`.
  static func loss(_ prediction: Tensor, _ target: Tensor, _ task: PredictionTask) -> Tensor {
    if task.kind == .regression { return prediction.absoluteError(target) }
    return -(target * prediction.logSoftmax(1)).sum(1).mean()
  }
}
