import Foundation

/// A schedule of the learning rate over a training run, as a factor on every group's initial rate.
///
/// ```swift
/// var schedule = LearningRateSchedule(.step(size: 10, gamma: 0.5))
/// for epoch in 0..<20 {
///   group.learningRate = 1e-3 * schedule.factor
///   schedule.endEpoch(loss: 1 / Double(epoch + 1))
/// }
/// ```
public struct LearningRateSchedule: Codable, Equatable, Sendable {
  /// The rule by which the factor changes.
  public enum Rule: Codable, Equatable, Sendable {
    /// A factor of 1 throughout.
    case constant
    /// Multiplies by `factor` after more than `patience` epochs in which the loss has not improved by the relative
    /// `threshold`.
    ///
    /// This is PyTorch's `ReduceLROnPlateau` in mode `min`. The factor does not fall below `floor`. For `cooldown`
    /// epochs after a reduction no epoch counts.
    case plateau(factor: Double, patience: Int, threshold: Double, cooldown: Int = 0, floor: Double = 0)
    /// Multiplies by `gamma` every `size` epochs.
    case step(size: Int, gamma: Double)
    /// Rises linearly, then falls along half a cosine.
    ///
    /// The factor is (t + 1) / W in step t of the first W = `warmup`. It then falls to `floor` at step T = `total`:
    /// floor + (1 − floor) · ½ (1 + cos(π (t − W) / (T − W))).
    case cosine(warmup: Int, total: Int, floor: Double)
  }

  /// The rule of this schedule.
  public let rule: Rule
  /// The current factor.
  public private(set) var factor: Double
  var steps = 0
  var epochs = 0
  /// The best loss so far, nil before the first epoch. It is not infinity, because JSON cannot represent that.
  private(set) var best: Double?
  private(set) var worse = 0
  private(set) var cooling = 0

  /// Makes a schedule at its start.
  public init(_ rule: Rule) {
    self.rule = rule
    factor = 1
    if case .cosine(let warmup, let total, let floor) = rule {
      factor = Self.cosine(0, warmup: warmup, total: total, floor: floor)
    }
  }

  /// Counts one optimiser step.
  public mutating func endStep() {
    steps += 1
    if case .cosine(let warmup, let total, let floor) = rule {
      factor = Self.cosine(steps, warmup: warmup, total: total, floor: floor)
    }
  }

  /// Counts one epoch. `loss` is the validation loss, and lower is better.
  public mutating func endEpoch(loss: Double) {
    epochs += 1
    switch rule {
    case .constant, .cosine: break
    case .step(let size, let gamma): factor = pow(gamma, Double(epochs / size))
    case .plateau(let reduction, let patience, let threshold, let cooldown, let floor):
      if best.map({ loss < $0 * (1 - threshold) }) ?? (loss < .infinity) {
        best = loss
        worse = 0
      } else {
        worse += 1
      }
      if cooling > 0 {
        cooling -= 1
        worse = 0
      }
      if worse > patience {
        factor = max(factor * reduction, min(factor, floor))
        cooling = cooldown
        worse = 0
      }
    }
  }

  private static func cosine(_ step: Int, warmup: Int, total: Int, floor: Double) -> Double {
    if step < warmup { return Double(step + 1) / Double(warmup) }
    let progress = min(1, Double(step - warmup) / Double(max(1, total - warmup)))
    return floor + (1 - floor) * 0.5 * (1 + cos(.pi * progress))
  }
}
