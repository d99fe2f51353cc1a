import Torch

/// Averages over shares of a sequence, which give it another length without parameters.
enum StepGrid {
  /// Weights `[to, from]`, or `[B, to, from]` with `lengths`.
  ///
  /// Cell j averages the stretch [jℓ/to, (j+1)ℓ/to) of ℓ real steps. A step counts by its share in the stretch.
  ///
  /// The weights are the identity for ℓ = `to`, and repeat steps where ℓ is less than `to`. Every row sums to 1.
  static func weights(from: Int, to: Int, lengths: Tensor? = nil, like tensor: Tensor) -> Tensor {
    let cells = Tensor.range(to, device: tensor.device).to(tensor.dtype).unsqueezed(1)
    let steps = Tensor.range(from, device: tensor.device).to(tensor.dtype).unsqueezed(0)
    let real =
      lengths?.clamped(1, nil).to(tensor.dtype).view(-1, 1, 1)
      ?? .full([], Double(from), dtype: tensor.dtype, device: tensor.device)
    let share = real / Double(to)
    let overlap = Tensor.minimum((cells + 1) * share, steps + 1) - Tensor.maximum(cells * share, steps)
    return overlap.clamped(0, nil) / share
  }

  /// A sequence `[B, from, d]` on `to` cells, `[B, to, d]`.
  static func resample(_ x: Tensor, to: Int, lengths: Tensor? = nil) -> Tensor {
    if x.size(-2) == to, lengths == nil { return x }
    return weights(from: x.size(-2), to: to, lengths: lengths, like: x).matmul(x)
  }
}
