import Foundation
import OrderedCollections

/// One metric over several seeds (or folds, or patterns): all values, their mean and standard deviation.
///
/// The standard deviation is that of the population (divided by n, not n − 1), as the field's tables have it. Undefined
/// values stay in `values`, and count neither in the mean nor in the deviation.
public struct Aggregate: Equatable, Sendable {
  /// One value for each seed, nil where it is undefined.
  public let values: [Double?]

  /// Aggregates values.
  public init(_ values: [Double?]) {
    self.values = values.map { $0.flatMap { $0.isFinite ? $0 : nil } }
  }

  /// The values that are defined.
  public var defined: [Double] { values.compactMap(\.self) }

  /// The mean of the defined values; nil where there are none.
  public var mean: Double? { defined.isEmpty ? nil : Regression.mean(defined) }

  /// √(Σ(x − x̄)² / n) over the defined values; nil where there are none, 0 over one.
  public var standardDeviation: Double? {
    mean.map { mean in Regression.mean(defined.map { ($0 - mean) * ($0 - mean) }).squareRoot() }
  }

  /// The aggregate as text: `0.801 ± 0.004`; without `±` for one value; `undefined` for none; with ` (3 of 5)`
  /// behind it where some are undefined.
  public func formatted(digits: Int = 3) -> String {
    guard let mean, let standardDeviation else { return "undefined" }
    let number = { (value: Double) in String(format: "%.\(digits)f", value) }
    let text = values.count == 1 ? number(mean) : "\(number(mean)) ± \(number(standardDeviation))"
    return defined.count == values.count ? text : "\(text) (\(defined.count) of \(values.count))"
  }

  /// The mean of several aggregates, seed by seed, for the seeds that all have; undefined where one of them is.
  public init(meanOf aggregates: [Aggregate]) {
    let count = aggregates.map(\.values.count).min() ?? 0
    self.init(
      (0..<count).map { seed in
        let values = aggregates.compactMap { $0.values[seed] }
        return values.count == aggregates.count ? values.reduce(0, +) / Double(values.count) : nil
      })
  }

  /// Aggregates each metric over several sets of values; one that a set lacks is undefined there.
  public static func perMetric(_ sets: [MetricValues]) -> OrderedDictionary<String, Aggregate> {
    let names = OrderedSet(sets.flatMap(\.names))
    return OrderedDictionary(uniqueKeysWithValues: names.map { name in (name, Aggregate(sets.map { $0[name] })) })
  }
}
