import Foundation

/// How the learning rate changes over a training run, as a factor on every group's first rate.
public struct LearningRateSchedule: Codable, Equatable, Sendable {
  /// The rule.
  public enum Rule: Codable, Equatable, Sendable {
    /// Always 1.
    case constant
    /// Times `factor` whenever the score has not improved by the relative `threshold` for more than `patience` epochs
    /// (PyTorch's `ReduceLROnPlateau`, mode `min`).
    case plateau(factor: Double, patience: Int, threshold: Double)
    /// Times `gamma` every `size` epochs.
    case step(size: Int, gamma: Double)
    /// Up from 0 over `warmup` steps, then down half a cosine to `floor` at `total` steps.
    case cosine(warmup: Int, total: Int, floor: Double)
  }

  /// The rule.
  public let rule: Rule
  /// The factor in force.
  public private(set) var factor: Double
  private var steps = 0
  private var epochs = 0
  private var best: Double?
  private var worse = 0

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
    case .plateau(let reduction, let patience, let threshold):
      if best.map({ loss < $0 * (1 - threshold) }) ?? true {
        best = loss
        worse = 0
      } else {
        worse += 1
      }
      if worse > patience {
        factor *= reduction
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
