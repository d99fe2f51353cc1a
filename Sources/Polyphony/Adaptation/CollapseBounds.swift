import Torch

/// The bounds of an adaptation, the section `guard` of `adaptation`. Beyond them it counts as collapsed.
///
/// All bounds are relative to the source model on the same target samples:
/// * Spread: the standard deviation of predictions (of class probabilities for classes) over the source's.
/// * Movement: the mean of ‖ŷ − ŷ_source‖₁ (or of |ŷ − ŷ_source| over several targets or labels) over the source's
///   spread. Since |ŷ − y| ≤ |ŷ_source − y| + |ŷ − ŷ_source|, the mean absolute error of a regression cannot grow by
///   more than this bound times the source's spread.
/// * Drift: ‖θ − θ₀‖ / ‖θ₀‖ of the adapted parameters.
/// * Contrast: the mean contrastive loss over that of the first epoch (online: of the first eight batches).
///
/// ```swift
/// var bounds = CollapseBounds()
/// bounds.minimumSpread = 0.2
/// bounds.maximumMovement = 0.5
/// ```
public struct CollapseBounds: Equatable, Sendable {
  /// True if the loop checks the bounds.
  public var isEnabled = true
  /// The smallest ratio of spreads; 0 for no bound.
  public var minimumSpread = 0.1
  /// The largest ratio of spreads.
  public var maximumSpread = 10.0
  /// The largest movement.
  public var maximumMovement = 1.0
  /// The largest drift.
  public var maximumDrift = 1.0
  /// The largest ratio of contrastive losses.
  public var maximumContrast = 1.5

  /// Makes the default bounds.
  public init() {}

  /// Reads the section.
  /// - Parameters:
  ///   - reader: the section of the recipe.
  ///   - defaults: the method's defaults.
  /// - Throws: `Fault(.usage)` for a number out of range.
  public init(_ reader: SettingsReader, defaults: CollapseBounds = .init()) throws(Fault) {
    self = defaults
    isEnabled = try reader.bool("enabled", default: isEnabled)
    minimumSpread = try reader.double("min_spread", default: minimumSpread, in: 0..<1)
    maximumSpread = try reader.double("max_spread", default: maximumSpread, in: 1...)
    maximumMovement = try reader.double("max_movement", default: maximumMovement, in: Above(0))
    maximumDrift = try reader.double("max_drift", default: maximumDrift, in: Above(0))
    maximumContrast = try reader.double("max_contrast", default: maximumContrast, in: 1...)
  }
}

/// The record of a return to the last good state.
///
/// ```swift
/// for record in outcome.returns where record.measure == .drift {
///   print(record)
/// }
/// ```
public struct CollapseRecord: Codable, Equatable, Sendable, CustomStringConvertible {
  /// The measure that left its bound.
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

  /// The measure that left its bound.
  public var measure: Measure
  /// The value of the measure; nil if it is not finite.
  public var value: Double?
  /// The bound; nil for `loss`.
  public var bound: Double?
  /// The epoch, counted from 1; 1 online.
  public var epoch: Int
  /// The step of the whole run, counted from 1.
  public var step: Int

  /// The record as one line for a log.
  public var description: String {
    let found = value.map { "\($0)" } ?? "not a finite number"
    let limit = bound.map { ", bound \($0)" } ?? ""
    return "epoch \(epoch), step \(step): \(measure.rawValue) \(found)\(limit); back to the last good state"
  }
}
