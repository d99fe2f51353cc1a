import Torch

/// The soft Dice coefficient of the foreground, over a whole batch (Milletari et al. 2016, V-Net, in the pooled form
/// of CGGM's segmentation).
///
/// D = 2 Σ p_c t_c / (Σ p_c + Σ t_c + s), over all pixels and the classes c ≥ 1, p the predicted shares, t the truth as
/// 0 and 1, s = 0.01.
struct SoftDice {
  /// The share of 1 − D in the loss; the rest is cross-entropy.
  static let share = 0.5
  /// s, which keeps D defined where there is no foreground on either side.
  static let smoothing = 0.01

  private let truth: Tensor
  private let total: Tensor
  /// D, without dimensions.
  let value: Tensor

  /// From predicted shares `[B, classes, H, W]` and classes `[B, H, W]`.
  init(_ shares: Tensor, _ target: Tensor) {
    truth = TaskLoss.oneHot(target, like: shares)
    let foreground = shares.slice(1, 1)
    let trueForeground = truth.slice(1, 1)
    total = foreground.sum() + trueForeground.sum() + Self.smoothing
    value = (foreground * trueForeground).sum() * 2 / total
  }

  /// ∂D/∂p, `[B, classes, H, W]`: (2t − D) / (Σp + Σt + s) for the foreground, 0 for the background.
  var gradient: Tensor {
    let foreground = (truth.slice(1, 1) * 2 - value) / total
    return .concatenated([truth.slice(1, 0, 1).zerosLike(), foreground], 1)
  }
}
