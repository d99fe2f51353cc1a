import Torch

/// The gradient of a loss in the weight of a linear head, in closed form, and the cosines between such gradients.
///
/// For ŷ = W φ + b, the chain rule gives ∂L/∂W = Σ_b δ_b φ_bᵀ with δ = ∂L/∂ŷ from ``TaskLoss/gradient(_:_:)``. So the
/// gradient is one small product, which is differentiable in φ and δ and needs no second backward. In segmentation, δ
/// passes the transpose of the bilinear upsampling after the head, and the sum also covers all places.
public enum HeadGradient {
  /// ∂L/∂W, `[outputs, width]`.
  /// - Parameters:
  ///   - features: φ, `[B, width]`, `[B, width, h, w]`, or `[B, width, D, H, W]` of volumes.
  ///   - delta: ∂L/∂ŷ, `[B, outputs]`, `[B, outputs, H, W]`, or `[B, outputs, D, H, W]`.
  public static func weight(_ features: Tensor, _ delta: Tensor) -> Tensor {
    guard features.rank > 2 else { return delta.transposed(0, 1).matmul(features) }
    let size = Array(features.shape.dropFirst(2))
    let atPlaces = Array(delta.shape.dropFirst(2)) == size ? delta : delta.upsampledBilinearTransposed(to: size)
    return .einsum("bkp,bcp->kc", atPlaces.flattened(2), features.flattened(2))
  }

  /// The cosines cos(g_Ω, g_i) for all classifiers, `[M]`, differentiable in g_Ω.
  ///
  /// If the model's head is as wide as a classifier's (late, early and encoder fusion, segmentation), g_Ω is compared
  /// whole. If it is M times as wide with one block of columns per modality (`mult`), each modality is compared with
  /// its own columns.
  /// - Parameters:
  ///   - fusion: g_Ω, `[outputs, width]`.
  ///   - modalities: g_i, `[M, outputs, width']` with width' = width or width/M.
  public static func cosines(_ fusion: Tensor, _ modalities: Tensor) -> Tensor {
    let (count, outputs, width) = (modalities.size(0), modalities.size(1), modalities.size(2))
    let whole =
      fusion.size(1) == width
      ? fusion.reshaped(1, outputs * width)
      : fusion.reshaped(outputs, count, width).transposed(0, 1).reshaped(count, outputs * width)
    let parts = modalities.reshaped(count, outputs * width)
    return (whole * parts).sum(1) / (length(whole) * length(parts))
  }

  // The floor gives a gradient of 0 (all predictions right) the cosine 0 and a finite derivative.
  private static func length(_ rows: Tensor) -> Tensor { (rows.squared().sum(1) + 1e-20).sqrt() }
}
