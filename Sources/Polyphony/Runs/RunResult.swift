import OrderedCollections

/// One row of results: scores of one method over seeds, on one split, under one condition.
public struct RunResult: Sendable {
  /// The method's name.
  public var name: String
  /// The split that was scored.
  public var split: String
  /// Conditions that tell rows of one method apart, such as `missing` or `shift`.
  public var conditions: OrderedDictionary<String, String> = [:]
  /// The hash of the mask by which data was missing (``MissingMask/hash``).
  public var mask: String?
  /// The seeds, in the order of ``values``.
  public private(set) var seeds: [UInt64] = []
  /// The scores of each seed.
  public private(set) var values: [MetricValues] = []
  /// The number of elements of all parameters, and of those that were trained.
  public var parameters: (total: Int, trainable: Int)?
  /// What a tuning method costs, measured on the first seed's model.
  public var cost: TuningCost?
  /// Seconds that it took, the mean over the seeds.
  public var seconds: Double?
  /// Where the results lie.
  public var output: String?

  /// A row without scores yet.
  public init(name: String, split: String, output: String? = nil) {
    (self.name, self.split, self.output) = (name, split, output)
  }

  /// Adds the scores of one seed.
  public mutating func add(seed: UInt64, _ scores: MetricValues) {
    seeds.append(seed)
    values.append(scores)
  }

  /// Mean and deviation over the seeds of every metric.
  public var aggregates: OrderedDictionary<String, Aggregate> { Aggregate.perMetric(values) }
}
