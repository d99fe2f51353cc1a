/// The task of a model: regression, classification, multi-label classification or segmentation.
public struct PredictionTask: Codable, Equatable, Sendable {
  /// The form of the target.
  public enum Kind: String, Codable, Sendable, CaseIterable {
    /// One number per sample, or one for each of several targets.
    case regression
    /// One of several classes per sample.
    case classification
    /// Any number of labels per sample, each of which holds or does not.
    case multilabel
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
  /// The number of classes, or of labels in a multi-label classification; nil for regression.
  public var classes: Int?
  /// The names of the classes or labels; nil if they have none.
  public var labels: [String]?
  /// The names of the targets of a regression with several; nil for a regression with one target.
  public var targets: [String]?
  /// The smallest and the largest target of a regression, for all its targets; nil if it is unknown.
  public var range: [Double]?
  /// The benchmark whose metrics apply; nil for the general metrics of regression.
  public var metrics: MetricFamily?
  /// The column of the targets in the table that the data was converted from; nil for data from elsewhere.
  public var column: String?

  /// Makes a task.
  public init(
    kind: Kind, classes: Int? = nil, labels: [String]? = nil, targets: [String]? = nil, range: [Double]? = nil,
    metrics: MetricFamily? = nil
  ) {
    (self.kind, self.classes, self.labels, self.targets) = (kind, classes, labels, targets)
    (self.range, self.metrics) = (range, metrics)
  }

  /// The largest number of classes.
  private static let mostClasses = 1 << 20

  /// The number of outputs per sample or pixel: one logit per class or label, or one value per target.
  public var outputs: Int { kind == .regression ? targets?.count ?? 1 : classes ?? 0 }
}

extension PredictionTask {
  /// The names of several outputs that stand beside each other: the targets of a regression, or the labels of a
  /// multi-label classification. It is nil for a task with one answer per sample.
  package var outputNames: [String]? {
    switch kind {
    case .regression: targets
    case .multilabel: labels.flatMap { $0.count == outputs ? $0 : nil } ?? (0..<outputs).map(String.init)
    case .classification, .segmentation: nil
    }
  }

  /// The task in words, such as `regression, 17 targets`.
  package var summary: String {
    switch kind {
    case .regression: targets.map { "regression, \($0.count) targets" } ?? "regression"
    case .multilabel: "multilabel, \(outputs) labels"
    case .classification, .segmentation: "\(kind.rawValue), \(outputs) classes"
    }
  }

  /// Finds what makes no sense in the task: the key, what stands there, and what is expected.
  package var contradiction: (key: String, found: String, expected: String)? {
    if kind != .regression, !(2...Self.mostClasses).contains(classes ?? 0) {
      return ("classes", classes.map(String.init) ?? "none", "2 to \(Self.mostClasses)")
    }
    if let range, range.count != 2 || range[0] >= range[1] { return ("range", "\(range)", "[smallest, largest]") }
    if let labels, labels.count != classes { return ("labels", "\(labels.count) labels", "\(classes ?? 0)") }
    if let labels, kind == .multilabel, let name = Self.unusable(labels) {
      return ("labels", name, "distinct names that are not empty")
    }
    guard let targets else { return nil }
    guard kind == .regression else { return ("targets", "\(targets.count) names", "none: only a regression has them") }
    guard targets.count > 1 else {
      return ("targets", targets.first ?? "none", "2 or more names; without this key there is one target")
    }
    return Self.unusable(targets).map { ("targets", $0, "distinct names that are not empty") }
  }

  /// The first name that is empty or stands twice, in words.
  private static func unusable(_ names: [String]) -> String? {
    var seen: Set<String> = []
    for name in names {
      if name.isEmpty { return "an empty name" }
      if !seen.insert(name).inserted { return "\(name) twice" }
    }
    return nil
  }

  /// The fault of a method that has no form for the task.
  /// - Parameters:
  ///   - method: the name of the method.
  ///   - reason: why, as a sentence.
  ///   - key: the setting or the option that chose the method.
  ///   - expected: the tasks that the method has a form for.
  package func refusal(
    of method: String, because reason: String, key: String, expected: String, remedy: String
  ) -> Fault {
    Fault(.usage, reason, key: key, found: "\(method) for \(summary)", expected: expected, remedy: remedy)
  }
}
