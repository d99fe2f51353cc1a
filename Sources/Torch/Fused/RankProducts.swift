/// Low-rank tensor fusion: sums over ranks of elementwise products over modalities.
///
/// F = Σ_k Σ_j ⊙_m P_m^{(k,j)} with P_m = left_m · right_m (Liu et al. 2018, eq. 6, with ranks over tokens too).
public enum RankProducts {
  /// The number of elements of a factor in one piece: 512 kB of f32, so that a piece's factors stay in the cache.
  ///
  /// Forward and backward together then take two thirds of the plain form's processor time, although they compute each
  /// piece twice.
  static let pieceElements = 1 << 17

  private static let fused = Operator("polyphony::rank_products")

  /// Computes F, `[B, T, d]`.
  ///
  /// The factors P_m have R_t·T·R_d·d elements per sample, many times the size of inputs and output. So the fused form
  /// splits the samples into pieces, and also the token ranks if one sample is too large. Backward computes each piece
  /// again. Memory then grows with M and the piece, not with batch times ranks. The plain form computes the same sum
  /// with libtorch's operators, which keep every factor.
  /// - Parameters:
  ///   - left: for each modality `[R_t·T, n]` or `[B, R_t·T, n]`.
  ///   - right: for each modality `[n, R_d·d]` or `[B, n, R_d·d]`. Either `left` or `right` must have a batch.
  ///   - present: for each modality `[B]` (bool), nil if it is always present. An absent modality's factor is 1.
  ///   - tokenRanks: R_t.
  ///   - featureRanks: R_d.
  ///   - fused: the form to use. The default is the fused form, unless the environment sets `POLYPHONY_FUSED=0`.
  public static func sum(
    left: [Tensor], right: [Tensor], present: [Tensor?], tokenRanks: Int, featureRanks: Int, fused: Bool? = nil
  ) -> Tensor {
    guard fused ?? Fused.isEnabled else { return plain(left, right, present, tokenRanks, featureRanks) }
    return self.fused(
      .tensors(left), .tensors(right), .optionalTensors(present), .int(tokenRanks), .int(featureRanks),
      .int(pieceElements))
  }

  private static func plain(
    _ left: [Tensor], _ right: [Tensor], _ present: [Tensor?], _ tokenRanks: Int, _ featureRanks: Int
  ) -> Tensor {
    var product: Tensor?
    for index in left.indices {
      var factor = left[index].matmul(right[index])
      if let present = present[index] { factor = factor.filled(1, where: (.!present).view(-1, 1, 1)) }
      product = product.map { $0 * factor } ?? factor
    }
    guard let product else { Door.fail("a product over no modalities") }
    let (steps, width) = (product.size(1) / tokenRanks, product.size(2) / featureRanks)
    return product.view(product.size(0), tokenRanks, steps, featureRanks, width).sum(1, 3)
  }
}
