import OrderedCollections

/// The values of several metrics in display order. A metric may be undefined.
///
/// Undefined (nil) means that the data do not determine the metric. Examples are the correlation of a constant
/// prediction, the accuracy over no samples, and any metric of a prediction that is NaN. It never becomes 0.
public struct MetricValues: Equatable, Sendable {
  private var storage: OrderedDictionary<String, Double?> = [:]

  /// Makes an empty set of values.
  public init() {}

  /// The metrics' names, in order.
  public var names: [String] { Array(storage.keys) }

  /// Returns true if the set has this metric, defined or not.
  public func contains(_ name: String) -> Bool { storage.keys.contains(name) }

  /// The value of a metric; nil if it is undefined or absent.
  ///
  /// To set nil, or a value that is not finite, makes the metric undefined.
  public subscript(name: String) -> Double? {
    get { storage[name] ?? nil }
    set { storage.updateValue(newValue.flatMap { $0.isFinite ? $0 : nil }, forKey: name) }
  }

  /// Appends the metrics of another set. A metric in both takes the other's value.
  public mutating func append(_ other: MetricValues, prefix: String = "") {
    for (name, value) in other { self[prefix + name] = value }
  }
}

extension MetricValues: Sequence {
  /// Iterates over names and values, in order.
  public func makeIterator() -> some IteratorProtocol<(name: String, value: Double?)> {
    storage.lazy.map { (name: $0.key, value: $0.value) }.makeIterator()
  }
}

extension MetricValues: ExpressibleByDictionaryLiteral {
  /// Makes a set in the order of the literal.
  public init(dictionaryLiteral elements: (String, Double?)...) {
    for (name, value) in elements { self[name] = value }
  }
}
