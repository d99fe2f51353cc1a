import OrderedCollections

/// The values of several metrics in the order in which they are to be shown; a metric may be undefined.
///
/// Undefined (nil) means that the data do not determine the metric: the correlation of a constant prediction, the
/// accuracy over no samples, anything at all of a prediction that is not a number. It is never turned into 0.
public struct MetricValues: Equatable, Sendable {
  private var storage: OrderedDictionary<String, Double?> = [:]

  /// Makes an empty set of values.
  public init() {}

  /// The metrics' names, in order.
  public var names: [String] { Array(storage.keys) }

  /// Whether a metric was computed, be it undefined.
  public func contains(_ name: String) -> Bool { storage.keys.contains(name) }

  /// The value of a metric; nil where it is undefined or was not computed. Setting nil makes it undefined.
  ///
  /// A value that is not finite counts as undefined.
  public subscript(name: String) -> Double? {
    get { storage[name] ?? nil }
    set { storage.updateValue(newValue.flatMap { $0.isFinite ? $0 : nil }, forKey: name) }
  }

  /// Adds the metrics of another set behind these; a metric in both takes the other's value.
  public mutating func append(_ other: MetricValues, prefix: String = "") {
    for (name, value) in other { self[prefix + name] = value }
  }
}

extension MetricValues: Sequence {
  /// Goes through names and values, in order.
  public func makeIterator() -> some IteratorProtocol<(name: String, value: Double?)> {
    storage.lazy.map { (name: $0.key, value: $0.value) }.makeIterator()
  }
}

extension MetricValues: ExpressibleByDictionaryLiteral {
  /// Makes a set of values in the order of the literal.
  public init(dictionaryLiteral elements: (String, Double?)...) {
    for (name, value) in elements { self[name] = value }
  }
}
