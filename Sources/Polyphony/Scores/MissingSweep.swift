import Torch

/// The scores of one model over growing rates of missing data, or over all patterns of missing modalities.
///
/// ```swift
/// let sweep = try MissingSweep(model, test, MissingPlan("sample"))
/// for row in sweep.rows { print(row.missing, row.metrics["accuracy"] ?? .nan) }
/// print(sweep.mean["accuracy"] ?? .nan, sweep.area["accuracy"] ?? .nan)
/// ```
public struct MissingSweep: Sendable {
  /// The scores under one condition.
  public struct Row: Sendable {
    /// The rule, such as `sample:0.3`, `fixed:text+audio` or `complete`.
    public var missing: String
    /// The rate; nil outside a sweep of rates.
    public var rate: Double?
    /// The present modalities; nil outside a sweep of patterns.
    public var present: [String]?
    /// The number of patterns that the row represents.
    public var weight: Double
    /// The hash of the mask (``MissingMask/hash``).
    public var hash: String
    /// The task's metrics.
    public var metrics: MetricValues
    /// The answers, summed up. Nil for a task without a summary.
    public var answers: AnswerSummary?
    /// The scores by target or label. Only a task with several outputs beside each other has them.
    public var outputs: OutputReport?

    /// True if nothing is missing in this condition.
    public var isComplete: Bool { missing == "complete" || rate == 0 }

    /// Makes a row.
    public init(
      missing: String, rate: Double? = nil, present: [String]? = nil, weight: Double = 1, hash: String = "",
      metrics: MetricValues
    ) {
      (self.missing, self.rate, self.present) = (missing, rate, present)
      (self.weight, self.hash, self.metrics) = (weight, hash, metrics)
    }
  }

  /// The scores in the order of the conditions.
  public let rows: [Row]

  /// Makes a sweep from the scores of another program or run.
  public init(rows: [Row]) { self.rows = rows }

  /// Scores a model under each of some conditions.
  /// - Parameter group: the processes that share the work. All of them must make the same sweep, and get the same.
  /// - Throws: `Fault(.failure)` if a prediction is not a finite number, and if a process of the group has gone.
  public init(
    _ model: MultimodalModel, _ split: LabelledSplit, _ conditions: [MissingPlan.Draw], names: AnswerNames = .init(),
    device: Device = .cpu, group: ProcessGroup? = nil
  ) throws(Fault) {
    var rows: [Row] = []
    for condition in conditions {
      let mask = condition.mask
      let scored = try model.answers(
        to: split, names: names, device: device, group: group, prepare: { mask.apply(to: $0, indices: $1) })
      var row = Row(
        missing: condition.rule.description, rate: condition.rate, present: condition.present,
        weight: condition.weight, hash: mask.hash, metrics: scored.evaluation.metrics)
      (row.answers, row.outputs) = (scored.summary, scored.evaluation.outputs)
      rows.append(row)
    }
    self.init(rows: rows)
  }

  /// Draws the conditions of a plan for a split and scores a model under each.
  /// - Throws: `Fault(.usage)` if the plan does not fit the data, `Fault(.failure)` if a prediction is not a finite
  ///   number.
  public init(
    _ model: MultimodalModel, _ split: LabelledSplit, _ plan: MissingPlan, seed: UInt64 = 0, device: Device = .cpu
  ) throws(Fault) {
    let conditions = try plan.conditions(for: split.samples, model.configuration.inputModalities, seed: seed)
    try self.init(model, split, conditions, device: device)
  }

  /// The mean of every metric over the incomplete conditions.
  ///
  /// It averages over the rates above 0, or over the incomplete patterns by their weight (the main protocol of MPLMM's
  /// paper). An undefined value does not count. A sweep with a single row gives the values of that row.
  public var mean: MetricValues {
    rows.count == 1 ? overall : MissingSweep(rows: rows.filter { !$0.isComplete }).overall
  }

  /// The mean of every metric over all rows, by their weight.
  public var overall: MetricValues {
    summarize { name in
      let values = rows.compactMap { row in row.metrics[name].map { (value: $0, weight: row.weight) } }
      let total = values.reduce(0) { $0 + $1.weight }
      return total > 0 ? values.reduce(0) { $0 + $1.value * $1.weight } / total : nil
    }
  }

  /// The area under each metric over the rates by the trapezoidal rule, Σ (r_{i+1} − r_i)(y_i + y_{i+1})/2.
  ///
  /// It is undefined for fewer than two rates, and if a value is undefined.
  public var area: MetricValues {
    summarize { name in
      let points = rows.compactMap { row in row.rate.flatMap { rate in row.metrics[name].map { (rate, $0) } } }
      guard points.count == rows.count, points.count > 1 else { return nil }
      return zip(points, points.dropFirst()).reduce(0) { sum, pair in
        sum + (pair.1.0 - pair.0.0) * (pair.0.1 + pair.1.1) / 2
      }
    }
  }

  private func summarize(_ value: (String) -> Double?) -> MetricValues {
    var result = MetricValues()
    for row in rows { for (name, _) in row.metrics where !result.contains(name) { result[name] = value(name) } }
    return result
  }
}
