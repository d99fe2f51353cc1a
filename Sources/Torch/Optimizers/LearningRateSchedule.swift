import Foundation

/// How the learning rate changes over a training run, as a factor on every group's first rate.
public struct LearningRateSchedule: Codable, Equatable, Sendable {
  /// The rule.
  public enum Rule: Codable, Equatable, Sendable {
    /// Always 1.
    case constant
    /// Times `factor` whenever the score has not improved by the relative `threshold` for more than `patience` epochs
    /// (PyTorch's `ReduceLROnPlateau`, mode `min`), but not below `floor`; for `cooldown` epochs afterwards nothing counts.
    case plateau(factor: Double, patience: Int, threshold: Double, cooldown: Int = 0, floor: Double = 0)
    /// Times `gamma` every `size` epochs.
    case step(size: Int, gamma: Double)
    /// (t + 1) / W in step t of the first W = `warmup`, then half a cosine down to `floor` at step T = `total`:
    /// floor + (1 − floor) · ½ (1 + cos(π (t − W) / (T − W))).
    case cosine(warmup: Int, total: Int, floor: Double)
  }

  /// The rule.
  public let rule: Rule
  /// The factor in force.
  public private(set) var factor: Double
  private var steps = 0
  private var epochs = 0
  /// The best loss so far; nil before the first epoch (and not infinity, which JSON cannot hold).
  private var best: Double?
  private var worse = 0
  private var cooling = 0

  /// A schedule at its start.
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

  /// Counts one epoch; `loss` is the validation loss, lower is better.
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
