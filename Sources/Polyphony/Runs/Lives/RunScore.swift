import Torch

/// What one run reached: scores, parameters, and what it has cost.
public struct RunScore: Sendable {
  /// The score that chose the epoch, on the validation split; nil where none did.
  public var validation: Double?
  /// Scores on the split that is reported.
  public var metrics = MetricValues()
  /// The number of elements of all parameters, and of those that were trained.
  public var parameters: (total: Int, trainable: Int)
  /// What the method costs, where that was measured.
  public var cost: TuningCost?
  /// Returns from a collapse, of an adaptation.
  public var returns = 0
  /// What a reader of the results has to know.
  public var remarks: [String] = []

  /// Parameters without scores yet.
  public init(parameters: (total: Int, trainable: Int)) { self.parameters = parameters }
}

extension RunScore: Codable {
  private struct Metric: Codable {
    var name: String
    var value: Double?
  }

  private enum CodingKeys: String, CodingKey { case validation, test, total, trainable }

  /// Reads what ``encode(to:)`` writes: the file of one run of a transfer suite.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      parameters: (
        try container.decode(Int.self, forKey: .total), try container.decode(Int.self, forKey: .trainable)
      ))
    validation = try container.decodeIfPresent(Double.self, forKey: .validation)
    for metric in try container.decode([Metric].self, forKey: .test) { metrics[metric.name] = metric.value }
  }

  /// Writes scores and parameters; cost and remarks belong to a report and are left out.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encodeIfPresent(validation, forKey: .validation)
    try container.encode(metrics.map { Metric(name: $0.name, value: $0.value) }, forKey: .test)
    try container.encode(parameters.total, forKey: .total)
    try container.encode(parameters.trainable, forKey: .trainable)
  }
}
