/// The allowed values of a setting, with words for them.
public protocol SettingsRange<Bound> {
  /// The type of the values.
  associatedtype Bound: Comparable
  /// Returns true if a value is allowed.
  func contains(_ value: Bound) -> Bool
  /// The allowed values in words that follow «a number, », such as «1 or more».
  var words: String { get }
}

extension ClosedRange: SettingsRange {
  /// The range in words, such as «0 to 1».
  public var words: String { "\(lowerBound) to \(upperBound)" }
}

extension Range: SettingsRange {
  /// The range in words, such as «0 to below 1».
  public var words: String { "\(lowerBound) to below \(upperBound)" }
}

extension PartialRangeFrom: SettingsRange {
  /// The range in words, such as «1 or more».
  public var words: String { "\(lowerBound) or more" }
}

extension PartialRangeThrough: SettingsRange {
  /// The range in words, such as «1 or less».
  public var words: String { "\(upperBound) or less" }
}

extension PartialRangeUpTo: SettingsRange {
  /// The range in words, such as «below 1».
  public var words: String { "below \(upperBound)" }
}

/// The values above a bound, without the bound itself. A learning rate, for example, is in `Above(0)`.
public struct Above<Bound: Comparable>: SettingsRange {
  /// The excluded lower bound.
  public let bound: Bound

  /// Makes the range of values above `bound`.
  public init(_ bound: Bound) { self.bound = bound }

  /// Returns true if a value is above the bound.
  public func contains(_ value: Bound) -> Bool { value > bound }

  /// The range in words, such as «above 0».
  public var words: String { "above \(bound)" }
}
