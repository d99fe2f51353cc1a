import Torch

/// How far adaptation may go from the source before it is called a collapse: the section `guard` of `adaptation`.
///
/// Everything is relative to the source model on the same target samples:
/// * spread: the standard deviation of predictions (of class probabilities for classes) over the source's;
/// * movement: the mean of ‖ŷ − ŷ_source‖₁ over the source's spread. Because |ŷ − y| ≤ |ŷ_source − y| + |ŷ − ŷ_source|,
///   the mean absolute error of a regression cannot grow by more than this bound times the source's spread;
/// * drift: ‖θ − θ₀‖ / ‖θ₀‖ of the adapted parameters;
/// * contrast: the mean contrastive loss over that of the first epoch (online: the first eight batches).
public struct CollapseBounds: Equatable, Sendable {
  /// Whether anything is watched.
  public var isEnabled = true
  /// The smallest ratio of spreads; 0 for none.
  public var minimumSpread = 0.1
  /// The largest ratio of spreads.
  public var maximumSpread = 10.0
  /// The largest movement.
  public var maximumMovement = 1.0
  /// The largest drift.
  public var maximumDrift = 1.0
  /// The largest ratio of contrastive losses.
  public var maximumContrast = 1.5

  /// The defaults.
  public init() {}

  /// Reads the section.
  public init(_ reader: SettingsReader) throws(Fault) {
    self.init()
    isEnabled = try reader.bool("enabled", default: isEnabled)
    minimumSpread = try reader.double("min_spread", default: minimumSpread, in: 0..<1)
    maximumSpread = try reader.double("max_spread", default: maximumSpread, in: 1...)
    maximumMovement = try reader.double("max_movement", default: maximumMovement, in: Above(0))
    maximumDrift = try reader.double("max_drift", default: maximumDrift, in: Above(0))
    maximumContrast = try reader.double("max_contrast", default: maximumContrast, in: 1...)
  }
}

/// A return to the last good state, and why.
public struct CollapseRecord: Codable, Equatable, Sendable, CustomStringConvertible {
  /// What left its bounds.
  public enum Measure: String, Codable, Sendable {
    /// The spread of predictions over the source's.
    case spread
    /// The distance of predictions from the source's over the source's spread.
    case movement
    /// The relative distance of the parameters from the source's.
    case drift
    /// The contrastive loss over its first value.
    case contrast
    /// The loss is not a finite number.
    case loss
  }

  /// What left its bounds.
  public var measure: Measure
  /// Its value; nil for one that is not finite.
  public var value: Double?
  /// The bound that it crossed; nil for `loss`.
  public var bound: Double?
  /// The epoch, counted from 1; 1 online.
  public var epoch: Int
  /// The step of the whole run, counted from 1.
  public var step: Int

  /// One line for a log.
  public var description: String {
    let found = value.map { "\($0)" } ?? "not a finite number"
    let limit = bound.map { ", bound \($0)" } ?? ""
    return "epoch \(epoch), step \(step): \(measure.rawValue) \(found)\(limit); back to the last good state"
  }
}
