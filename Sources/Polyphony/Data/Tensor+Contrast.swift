import Torch

extension Tensor {
  /// The share of each value between two extremes, 0 to 1, raised to a power, as a scanner's contrast curve does.
  func power(_ exponent: Tensor, from least: Tensor, to greatest: Tensor) -> Tensor {
    // A value at the lower end has the logarithm of the clamp. Its power is still next to 0.
    let share = ((self - least) / (greatest - least).clamped(1e-6, nil)).clamped(1e-6, nil)
    return (share.log() * exponent).exp()
  }
}
