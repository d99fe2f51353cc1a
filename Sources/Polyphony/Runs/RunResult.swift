import OrderedCollections

/// One row of results: scores of one method over seeds, on one split, under one condition.
///
/// ```swift
/// var row = RunResult(name: "cggm", split: "test")
/// row.add(seed: 0, ["accuracy": 0.81])
/// row.add(seed: 1, ["accuracy": 0.79])
/// print(row.aggregates["accuracy"]?.formatted() ?? "undefined")  // mean and standard deviation
/// ```
public struct RunResult: Sendable {
  /// The method's name.
  public var name: String
  /// The split that was scored.
  public var split: String
  /// The conditions that distinguish rows of one method, such as `missing` or `shift`.
  public var conditions: OrderedDictionary<String, String> = [:]
  /// The hash of the mask that took modalities away (``MissingMask/hash``). Default: no mask.
  public var mask: String?
  /// The seeds, in the order of ``values``.
  public private(set) var seeds: [UInt64] = []
  /// The scores of each seed.
  public private(set) var values: [MetricValues] = []
  /// The sizes of the model.
  public var parameters: ParameterCount?
  /// The cost of a tuning method, measured on the first seed's model.
  public var cost: TuningCost?
  /// The answers by class, added up over the seeds. Only a classification has them.
  public private(set) var classes: ClassReport?
  /// The answers of each seed, summed up for a report. A row of a mean or of a corruption has none.
  public private(set) var answers: OrderedDictionary<UInt64, AnswerSummary> = [:]
  /// The scores by target or label. Only the evaluation of one model with several outputs beside each other has them.
  public var outputs: OutputReport?
  /// The duration in seconds, averaged over the seeds.
  public var seconds: Double?
  /// The folder of the results. Default: the results are in memory only.
  public var output: String?

  /// Makes a row without scores.
  public init(name: String, split: String, output: String? = nil) {
    (self.name, self.split, self.output) = (name, split, output)
  }

  /// Adds the scores of one seed, and the summary of its answers if there is one.
  public mutating func add(seed: UInt64, _ scores: MetricValues, answers summary: AnswerSummary? = nil) {
    seeds.append(seed)
    values.append(scores)
    guard let summary else { return }
    answers[seed] = summary
    classes = summary.classes.map { classes?.adding($0) ?? $0 }
  }

  /// Mean and deviation over the seeds of every metric.
  public var aggregates: OrderedDictionary<String, Aggregate> { Aggregate.perMetric(values) }
}
