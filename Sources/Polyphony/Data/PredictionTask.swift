/// What a model predicts.
public struct PredictionTask: Codable, Equatable, Sendable {
  /// The form of the target.
  public enum Kind: String, Codable, Sendable, CaseIterable {
    /// One number a sample.
    case regression
    /// One of several classes a sample.
    case classification
    /// One of several classes a pixel.
    case segmentation
  }

  /// How predictions of a regression are judged.
  public enum MetricFamily: String, Codable, Sendable, CaseIterable {
    /// CMU-MOSI's and CMU-MOSEI's metrics: sentiment in [−3, 3].
    case sentiment
    /// CH-SIMS's metrics: sentiment in [−1, 1].
    case sims
  }

  /// The form of the target.
  public var kind: Kind
  /// The number of classes.
  public var classes: Int?
  /// Names of the classes.
  public var labels: [String]?
  /// The smallest and the largest target of a regression.
  public var range: [Double]?
  /// How a regression is judged; mean absolute error and correlation without it.
  public var metrics: MetricFamily?

  /// A task.
  public init(
    kind: Kind, classes: Int? = nil, labels: [String]? = nil, range: [Double]? = nil, metrics: MetricFamily? = nil
  ) {
    (self.kind, self.classes, self.labels) = (kind, classes, labels)
    (self.range, self.metrics) = (range, metrics)
  }

  /// Numbers that a model gives for a sample (or pixel): logits of the classes, or one value.
  public var outputs: Int { kind == .regression ? 1 : classes ?? 0 }
}
