import OrderedCollections
import Torch

/// One metric of several methods under several conditions, each method tested against a reference.
///
/// p-values are corrected (``HolmCorrection``) over all comparisons of this metric that could be tested: every method
/// but the reference, under every condition.
///
/// ```swift
/// let comparison = try MethodComparison(document.results, metric: "accuracy", reference: "joint")
/// for condition in comparison.conditions {
///   print(comparison[condition, "cggm"]?.adjusted ?? .nan)
/// }
/// ```
public struct MethodComparison: Sendable {
  /// One method's scores under one condition.
  public struct Entry: Sendable {
    /// The row that they come from.
    public let row: ResultsDocument.Row
    /// The scores; those of a metric that the row lacks are undefined.
    public let scores: Aggregate
    /// The test against the reference; nil for the reference itself and where it has no row.
    public let test: PairedTest?
    /// The p-value after the correction; nil where nothing could be tested.
    public internal(set) var adjusted: Double?
    /// The conclusion about the difference from the reference; nil without a test.
    public internal(set) var verdict: Verdict?
    /// True if no other method has a better mean under this condition.
    public internal(set) var isBest = false

    /// True if the method differs from the reference at the level of ``Verdict/level``.
    public var isSignificant: Bool { verdict?.isSignificant ?? false }
  }

  /// The metric.
  public let metric: String
  /// True if more is better.
  public let direction: MetricDirection
  /// The method that others are tested against.
  public let reference: String
  /// The methods, in the document's order.
  public let methods: [String]
  /// The conditions, in the document's order.
  public let conditions: [ScoreCondition]
  /// How many comparisons were tested, over which p-values are corrected.
  public private(set) var tested = 0
  private var entries: [ScoreCondition: [String: Entry]] = [:]

  /// The entry of a method under a condition; nil where there is no such row.
  public subscript(condition: ScoreCondition, method: String) -> Entry? { entries[condition]?[method] }

  /// Compares the rows of a document.
  ///
  /// - Parameters:
  ///   - rows: what was scored.
  ///   - metric: one of ``metrics(_:)``.
  ///   - reference: a method; the first one without it.
  /// - Throws: `Fault(.usage)` for a metric or a method that no row has.
  public init(_ rows: [ResultsDocument.Row], metric: String, reference: String? = nil) throws(Fault) {
    let names = Array(OrderedSet(rows.map(\.name)))
    let metrics = Self.metrics(rows)
    guard metrics.contains(metric) else {
      throw Self.unknown("metric", metric, among: metrics)
    }
    if let reference, !names.contains(reference) { throw Self.unknown("reference", reference, among: names) }
    (self.metric, direction, methods) = (metric, MetricDirection(metric: metric), names)
    self.reference = reference ?? names.first ?? ""
    conditions = Array(OrderedSet(rows.map { ScoreCondition($0) }))
    for row in rows where entries[ScoreCondition(row)]?[row.name] == nil {
      let condition = ScoreCondition(row)
      let against = rows.first { $0.name == self.reference && ScoreCondition($0) == condition }
      let scores = row.metrics[metric] ?? Aggregate(row.seeds.map { _ in nil })
      let test = against.flatMap { against in
        row.name == self.reference
          ? nil
          : PairedTest(
            scores, seeds: row.seeds, against: against.metrics[metric] ?? Aggregate(against.seeds.map { _ in nil }),
            seeds: against.seeds)
      }
      entries[condition, default: [:]][row.name] = Entry(row: row, scores: scores, test: test)
    }
    correct()
    judge()
    markBest()
  }

  private mutating func correct() {
    let places = conditions.flatMap { condition in methods.map { (condition, $0) } }
      .filter { self[$0.0, $0.1]?.test?.p != nil }
    let adjusted = HolmCorrection.adjusted(places.compactMap { self[$0.0, $0.1]?.test?.p })
    for (place, p) in zip(places, adjusted) { entries[place.0]?[place.1]?.adjusted = p }
    tested = adjusted.count
  }

  private mutating func judge() {
    for condition in conditions {
      for method in methods {
        guard let entry = self[condition, method], let test = entry.test else { continue }
        entries[condition]?[method]?.verdict = Verdict(test, adjusted: entry.adjusted, direction: direction)
      }
    }
  }

  private mutating func markBest() {
    guard methods.count > 1 else { return }
    for condition in conditions {
      let means = methods.compactMap { self[condition, $0]?.scores.mean }
      guard let best = direction == .higherIsBetter ? means.max() : means.min() else { continue }
      for method in methods where self[condition, method]?.scores.mean == best {
        entries[condition]?[method]?.isBest = true
      }
    }
  }

  /// The metrics of whole models in some rows, the principal one first; what single modalities are worth stands
  /// elsewhere (``PerModalityMetrics``).
  public static func metrics(_ rows: [ResultsDocument.Row]) -> [String] {
    let names = OrderedSet(rows.flatMap { Array($0.metrics.keys) }).filter {
      PerModalityMetrics.place(of: $0) == nil && $0 != PerModalityMetrics.gap
    }
    guard let principal = Evaluation.principalMetric(among: Array(names)) else { return [] }
    return [principal] + names.filter { $0 != principal }
  }

  private static func unknown(_ option: String, _ name: String, among names: [String]) -> Fault {
    Fault(
      .usage, "the results have no such \(option == "metric" ? "metric" : "method")", key: "--\(option)", found: name,
      expected: names.isEmpty ? "results with metrics" : names.joined(separator: ", "),
      remedy: Suggestion.question(for: name, among: names))
  }
}
