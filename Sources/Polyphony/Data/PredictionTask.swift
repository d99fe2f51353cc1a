/// The task of a model: regression, classification or segmentation.
public struct PredictionTask: Codable, Equatable, Sendable {
  /// The form of the target.
  public enum Kind: String, Codable, Sendable, CaseIterable {
    /// One number per sample.
    case regression
    /// One of several classes per sample.
    case classification
    /// One of several classes per pixel.
    case segmentation
  }

  /// The metrics of a benchmark for regression.
  public enum MetricFamily: String, Codable, Sendable, CaseIterable {
    /// CMU-MOSI's and CMU-MOSEI's metrics: sentiment in [−3, 3].
    case sentiment
    /// CH-SIMS's metrics: sentiment in [−1, 1].
    case sims
  }

  /// The form of the target.
  public var kind: Kind
  /// The number of classes; nil for regression.
  public var classes: Int?
  /// The names of the classes; nil if they have none.
  public var labels: [String]?
  /// The smallest and the largest target of a regression; nil if it is unknown.
  public var range: [Double]?
  /// The benchmark whose metrics apply; nil for the general metrics of regression.
  public var metrics: MetricFamily?
  /// The column of the targets in the table that the data was converted from; nil for data from elsewhere.
  public var column: String?

  /// Makes a task.
  public init(
    kind: Kind, classes: Int? = nil, labels: [String]? = nil, range: [Double]? = nil, metrics: MetricFamily? = nil
  ) {
    (self.kind, self.classes, self.labels) = (kind, classes, labels)
    (self.range, self.metrics) = (range, metrics)
  }

  /// The largest number of classes.
  private static let mostClasses = 1 << 20

  /// The first member that makes no sense, its value and the expected one. Nil if all do.
  var inconsistency: (key: String, found: String, expected: String)? {
    let count = classes ?? 0
    if kind != .regression, !(2...Self.mostClasses).contains(count) {
      return ("task.classes", classes.map(String.init) ?? "none", "2 to \(Self.mostClasses)")
    }
    if let range, range.count != 2 || range[0] >= range[1] { return ("task.range", "\(range)", "[smallest, largest]") }
    if let labels, labels.count != classes { return ("task.labels", "\(labels.count) labels", "\(count)") }
    return nil
  }

  /// The number of outputs per sample or pixel: one logit per class, or one value.
  public var outputs: Int { kind == .regression ? 1 : classes ?? 0 }
}
