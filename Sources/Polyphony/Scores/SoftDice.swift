import Torch

/// The soft Dice coefficient of the foreground over a whole batch (V-Net, Milletari et al. 2016, in the pooled form of
/// CGGM's segmentation).
///
/// D = 2 Σ p_c t_c / (Σ p_c + Σ t_c + s), over all pixels and the classes c ≥ 1. Here p are the predicted shares, t is
/// the truth as 0 and 1, and s = 0.01.
struct SoftDice {
  /// The share of 1 − D in the loss. Cross-entropy has the other share.
  static let share = 0.5
  /// s, which keeps D defined if neither side has foreground.
  static let smoothing = 0.01

  private let truth: Tensor
  /// Σ p t, a scalar tensor.
  let overlap: Tensor
  /// Σ p + Σ t, a scalar tensor.
  let size: Tensor
  private var total: Tensor { size + Self.smoothing }
  /// D, a scalar tensor.
  let value: Tensor

  /// Computes D from predicted shares `[B, classes, H, W]` and classes `[B, H, W]`.
  init(_ shares: Tensor, _ target: Tensor) {
    truth = TaskLoss.oneHot(target, like: shares)
    let foreground = shares.slice(1, 1)
    let trueForeground = truth.slice(1, 1)
    size = foreground.sum() + trueForeground.sum()
    overlap = (foreground * trueForeground).sum()
    value = overlap * 2 / (size + Self.smoothing)
  }

  /// ∂D/∂p, `[B, classes, H, W]`: (2t − D) / (Σp + Σt + s) for the foreground, 0 for the background.
  var gradient: Tensor {
    let foreground = (truth.slice(1, 1) * 2 - value) / total
    return .concatenated([truth.slice(1, 0, 1).zerosLike(), foreground], 1)
  }
}
