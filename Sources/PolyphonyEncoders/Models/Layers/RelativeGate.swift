import Torch

/// WavLM's gate of relative positions (Chen et al. 2022, eq. 4): each step scales its row of the bias.
///
/// With the halves a, b of σ(W h) for a head's features h, the factor is a·(b·c − 1) + 2.
final class RelativeGate: Module {
  @Child("gru_rel_pos_linear") var projection: Linear
  @Parameter("gru_rel_pos_const") var constant: Tensor
  private let heads: Int

  init(_ shape: LayerShape) {
    heads = shape.heads
    super.init()
    projection = Linear(shape.width / heads, 8)
    constant = .ones([1, heads, 1, 1])
  }

  /// Returns the factors `[batch, heads, length, 1]` for states `[batch, length, width]`.
  func callAsFunction(_ x: Tensor) -> Tensor {
    let (batch, length) = (x.size(0), x.size(1))
    let separate = x.view(batch, length, heads, x.size(2) / heads).transposed(1, 2)
    let halves = projection(separate).view(batch, heads, length, 2, 4).sum(-1).sigmoid().split([1, 1], -1)
    return halves[0] * (halves[1] * constant - 1) + 2
  }
}
