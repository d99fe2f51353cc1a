import Torch

/// The metrics of a regression with one target or several.
///
/// With several, each metric is the mean over the targets (`multioutput="uniform_average"` of scikit-learn). A target
/// whose metric is undefined, such as the correlation of a constant prediction, does not count in the mean.
enum TargetMetrics {
  /// Computes the metrics of the task's family for each target.
  /// - Parameters:
  ///   - prediction: `[N, K]`.
  ///   - truth: `[N, K]`.
  static func perTarget(_ prediction: Tensor, _ truth: Tensor, _ family: PredictionTask.MetricFamily?) -> [MetricValues]
  {
    (0..<prediction.size(1)).map { place in
      let values = prediction.select(1, place).contiguous().floats
      let truth = truth.select(1, place).contiguous().floats
      return switch family {
      case .sentiment: SentimentMetrics.values(prediction: values, truth: truth)
      case .sims: SimsMetrics.values(prediction: values, truth: truth)
      case nil: RegressionMetrics.values(prediction: values, truth: truth)
      }
    }
  }

  /// The mean of each metric over the targets for which it is defined.
  static func mean(_ targets: [MetricValues]) -> MetricValues {
    var result = MetricValues()
    for name in targets.first?.names ?? [] {
      let defined = targets.compactMap { $0[name] }
      result[name] = defined.isEmpty ? nil : Regression.mean(defined)
    }
    return result
  }
}
