/// How far a modality's features have moved and spread, in standard deviations of the source.
///
/// With δ the difference of a feature's means, and s, s′ its standard deviations, `shift` is √mean(δ²) and `spread` is
/// √mean((s − s′)²), with means over steps and features.
public struct FeatureDrift: Equatable, Sendable {
  /// The distance of the means.
  public var shift: Double
  /// The distance of the standard deviations.
  public var spread: Double

  /// No drift.
  public static let none = FeatureDrift(shift: 0, spread: 0)

  /// Combines the two parts.
  public init(shift: Double, spread: Double) { (self.shift, self.spread) = (shift, spread) }

  /// The 2-Wasserstein distance of two normal distributions, √(shift² + spread²).
  public var distance: Double { (shift * shift + spread * spread).squareRoot() }
}
