import Torch

/// What one tuned adapter reached: a file of the run's folder.
struct TransferScore: Codable {
  struct Metric: Codable {
    var name: String
    var value: Double?
  }

  /// The score that chose the epoch, on the validation split.
  var validation: Double?
  /// Scores on the test split, in order.
  var test: [Metric]
  /// Parameters of base and method.
  var total: Int
  /// Trained parameters.
  var trainable: Int

  var metrics: MetricValues {
    var values = MetricValues()
    for metric in test { values[metric.name] = metric.value }
    return values
  }
}
