import Torch

/// Predictions in a form for averages and comparisons: the values, or the probabilities of classes or labels.
enum SoftPrediction {
  /// The values `[N, K]` for regression, the sigmoid `[N, K]` for labels, else the softmax over the classes, `[N, C]`
  /// or `[N, C, H, W]`.
  static func of(_ prediction: Tensor, _ task: PredictionTask) -> Tensor {
    switch task.kind {
    case .regression: prediction
    case .multilabel: prediction.sigmoid()
    case .classification, .segmentation: prediction.softmax(1)
    }
  }

  /// The mean probability of the likeliest class, or of the likelier answer to each label; nil for regression.
  static func confidence(_ soft: Tensor, _ task: PredictionTask) -> Double? {
    switch task.kind {
    case .regression: nil
    case .multilabel: Tensor.maximum(soft, 1 - soft).mean().item
    case .classification, .segmentation: soft.maximum(1).mean().item
    }
  }

  /// The spread of predictions (logits, values) between samples (and places): √(mean over outputs of the variance).
  static func spread(_ prediction: Tensor, _ task: PredictionTask) -> Double {
    noGrad {
      let soft = of(prediction, task).to(.float64)
      let variance = soft.rank > 3 ? soft.flattened(2).variance(0, 2) : soft.variance(0)
      return variance.mean().sqrt().item
    }
  }

  /// The mean distance between two soft predictions of the same samples (and places): ‖·‖₁ over classes, or its mean
  /// over several targets or labels, which ``spread(_:_:)`` averages too.
  static func distance(_ one: Tensor, _ other: Tensor, _ task: PredictionTask) -> Double {
    noGrad {
      let distances = (of(one, task) - of(other, task)).abs().to(.float64)
      return (task.outputNames == nil ? distances.sum(1) : distances).mean().item
    }
  }

  /// The mean distance of predictions from soft targets: |ŷ − y| for values, −Σ p log softmax(ŷ) for classes, the
  /// binary cross-entropy for labels.
  ///
  /// - Parameter target: soft predictions, of the shape of `prediction`.
  static func loss(_ prediction: Tensor, _ target: Tensor, _ task: PredictionTask) -> Tensor {
    switch task.kind {
    case .regression: prediction.absoluteError(target)
    case .multilabel: prediction.binaryCrossEntropy(target)
    case .classification, .segmentation: -(target * prediction.logSoftmax(1)).sum(1).mean()
    }
  }
}
