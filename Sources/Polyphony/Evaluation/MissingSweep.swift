import Torch

/// Scores of one model over growing rates of missing data, or over all patterns of missing modalities.
public struct MissingSweep: Sendable {
  /// Scores under one rule.
  public struct Row: Sendable {
    /// The rule: `sample:0.3`, `fixed:text+audio`, `complete`.
    public var missing: String
    /// The rate, in a sweep of rates.
    public var rate: Double?
    /// The modalities that are there, in a sweep of patterns.
    public var present: [String]?
    /// How many patterns the row stands for.
    public var weight: Double
    /// The hash of the mask (``MissingMask/hash``).
    public var hash: String
    /// The task's metrics.
    public var metrics: MetricValues

    /// A row.
    public init(
      missing: String, rate: Double? = nil, present: [String]? = nil, weight: Double = 1, hash: String = "",
      metrics: MetricValues
    ) {
      (self.missing, self.rate, self.present) = (missing, rate, present)
      (self.weight, self.hash, self.metrics) = (weight, hash, metrics)
    }
  }

  /// A rule that has a rate.
  public enum Family: String, Sendable, CaseIterable {
    case sample, modality, token

    func rule(_ rate: Double) -> MissingProtocol {
      switch self {
      case .sample: .sample(rate)
      case .modality: .modality(rate)
      case .token: .token(rate)
      }
    }
  }

  /// The rates of the field's sweeps: 0, 0.1, … 0.9.
  public static let usualRates = (0..<10).map { Double($0) / 10 }

  /// What was found, in order.
  public let rows: [Row]

  /// Rows that were scored elsewhere.
  public init(rows: [Row]) { self.rows = rows }

  /// Scores a model at each rate, every time on the same samples with the same seed.
  ///
  /// `modality` cannot lose more than (M − 1)/M: rates above that are left out.
  /// - Throws: `Fault(.usage)` where the data cannot go missing so, or no rate remains.
  public static func rates(
    _ model: MultimodalModel, _ split: LabelledSplit, _ family: Family, rates: [Double] = usualRates, seed: UInt64 = 0,
    device: Device = .cpu
  ) throws(Fault) -> MissingSweep {
    let largest =
      family == .modality ? MissingProtocol.largestRate(modality: model.configuration.modalities.count) : 1
    var rows: [Row] = []
    for rate in rates.sorted() where rate <= largest {
      let rule = try MissingProtocol("\(family.rawValue):\(rate)")
      rows.append(try row(model, split, rule, seed, device, rate: rate))
    }
    guard !rows.isEmpty else {
      throw Fault(.usage, "a sweep needs a rate", key: "rates", found: "\(rates)", expected: "rates up to \(largest)")
    }
    return MissingSweep(rows: rows)
  }

  /// Scores a model under each pattern of missing modalities: all of them up to six modalities, a stratified sample
  /// beyond (``MissingPatterns``).
  public static func patterns(
    _ model: MultimodalModel, _ split: LabelledSplit, seed: UInt64 = 0, device: Device = .cpu
  ) throws(Fault) -> MissingSweep {
    let names = model.configuration.modalities.map(\.name)
    var rows: [Row] = []
    for pattern in MissingPatterns.patterns(names.count, seed: seed) {
      let missing = pattern.missing(names)
      let present = names.filter { !missing.contains($0) }
      rows.append(
        try row(model, split, .fixed(missing), seed, device, present: present, weight: pattern.weight))
    }
    return MissingSweep(rows: rows)
  }

  private static func row(
    _ model: MultimodalModel, _ split: LabelledSplit, _ rule: MissingProtocol, _ seed: UInt64, _ device: Device,
    rate: Double? = nil, present: [String]? = nil, weight: Double = 1
  ) throws(Fault) -> Row {
    let mask = try rule.mask(for: split.samples, model.configuration.modalities, seed: seed)
    let evaluation = try model.evaluate(split, device: device, prepare: { mask.apply(to: $0, indices: $1) })
    return Row(
      missing: rule.description, rate: rate, present: present, weight: weight, hash: mask.hash,
      metrics: evaluation.metrics)
  }

  /// The mean of every metric: over the rates, or over the incomplete patterns (the paper's main protocol; the row
  /// `complete` stands apart), each by its weight. A metric that is undefined in a row does not count there.
  public var mean: MetricValues {
    let counted = rows.filter { $0.missing != "complete" || rows.count == 1 }
    return summarize { name in
      let values = counted.compactMap { row in row.metrics[name].map { (value: $0, weight: row.weight) } }
      let total = values.reduce(0) { $0 + $1.weight }
      return total > 0 ? values.reduce(0) { $0 + $1.value * $1.weight } / total : nil
    }
  }

  /// The area under each metric over the rates by the trapezoidal rule, Σ (r_{i+1} − r_i)(y_i + y_{i+1})/2; undefined
  /// where a value is, or with fewer than two rates.
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
