import Foundation
import OrderedCollections

/// One metric over several seeds (or folds, or patterns), with mean and standard deviation.
///
/// The standard deviation is that of the population (divided by n, not n − 1), as in the field's tables. Undefined
/// values stay in `values` and count neither in the mean nor in the deviation.
///
/// ```swift
/// let accuracy = Aggregate([0.80, 0.82, nil, 0.81])
/// print(accuracy.formatted())  // 0.810 ± 0.008 (3 of 4)
/// ```
public struct Aggregate: Equatable, Sendable {
  /// One value for each seed; nil if it is undefined.
  public let values: [Double?]

  /// Makes an aggregate. A value that is not finite becomes undefined.
  public init(_ values: [Double?]) {
    self.values = values.map { $0.flatMap { $0.isFinite ? $0 : nil } }
  }

  /// The defined values.
  public var defined: [Double] { values.compactMap(\.self) }

  /// The mean of the defined values; nil for none.
  public var mean: Double? { defined.isEmpty ? nil : Regression.mean(defined) }

  /// √(Σ(x − x̄)² / n) over the defined values; nil for none, 0 for one.
  public var standardDeviation: Double? {
    mean.map { mean in Regression.mean(defined.map { ($0 - mean) * ($0 - mean) }).squareRoot() }
  }

  /// The aggregate as text, such as `0.801 ± 0.004`.
  ///
  /// One value has no `±`, and no value gives `undefined`. The text ends with ` (3 of 5)` if some values are undefined.
  public func formatted(digits: Int = 3) -> String {
    guard let mean, let standardDeviation else { return "undefined" }
    let number = { (value: Double) in String(format: "%.\(digits)f", value) }
    let text = values.count == 1 ? number(mean) : "\(number(mean)) ± \(number(standardDeviation))"
    return defined.count == values.count ? text : "\(text) (\(defined.count) of \(values.count))"
  }

  /// Averages several aggregates seed by seed. The result has the seeds that all of them have, and is undefined at a
  /// seed if one of them is.
  public init(meanOf aggregates: [Aggregate]) {
    let count = aggregates.map(\.values.count).min() ?? 0
    self.init(
      (0..<count).map { seed in
        let values = aggregates.compactMap { $0.values[seed] }
        return values.count == aggregates.count ? values.reduce(0, +) / Double(values.count) : nil
      })
  }

  /// Aggregates each metric over several sets of values. A metric that a set lacks is undefined there.
  public static func perMetric(_ sets: [MetricValues]) -> OrderedDictionary<String, Aggregate> {
    let names = OrderedSet(sets.flatMap(\.names))
    return OrderedDictionary(uniqueKeysWithValues: names.map { name in (name, Aggregate(sets.map { $0[name] })) })
  }
}
