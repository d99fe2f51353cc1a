/// What values a setting may take, and the words for it.
public protocol SettingsRange<Bound> {
  /// The type of the values.
  associatedtype Bound: Comparable
  /// Whether a value is allowed.
  func contains(_ value: Bound) -> Bool
  /// The allowed values in words, behind «a number, »: «1 or more».
  var words: String { get }
}

extension ClosedRange: SettingsRange {
  /// «0 to 1».
  public var words: String { "\(lowerBound) to \(upperBound)" }
}

extension Range: SettingsRange {
  /// «0 to below 1».
  public var words: String { "\(lowerBound) to below \(upperBound)" }
}

extension PartialRangeFrom: SettingsRange {
  /// «1 or more».
  public var words: String { "\(lowerBound) or more" }
}

extension PartialRangeThrough: SettingsRange {
  /// «1 or less».
  public var words: String { "\(upperBound) or less" }
}

extension PartialRangeUpTo: SettingsRange {
  /// «below 1».
  public var words: String { "below \(upperBound)" }
}

/// The values above a bound, the bound itself not among them: a learning rate is `Above(0)`.
public struct Above<Bound: Comparable>: SettingsRange {
  /// The bound.
  public let bound: Bound

  /// Makes the range.
  public init(_ bound: Bound) { self.bound = bound }

  /// Whether a value is above the bound.
  public func contains(_ value: Bound) -> Bool { value > bound }

  /// «above 0».
  public var words: String { "above \(bound)" }
}
