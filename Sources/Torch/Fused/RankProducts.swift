/// Sums over ranks of elementwise products over modalities: the heart of low-rank tensor fusion.
///
/// F = Σ_k Σ_j ⊙_m P_m^{(k,j)} with P_m = left_m · right_m (Liu et al. 2018, eq. 6, with ranks over tokens too).
public enum RankProducts {
  /// Elements of a factor that are looked at together: 512 kB of f32, so that the factors of a piece stay in cache.
  ///
  /// Way there and back then take two thirds of the processor time of the plain form, in spite of computing twice.
  static let pieceElements = 1 << 17

  private static let fused = Operator("polyphony::rank_products")

  /// F, `[B, T, d]`.
  ///
  /// The factors P_m have R_t·T·R_d·d elements a sample, many times what goes in and comes out. So the fused form takes
  /// samples (and token ranks, where one sample is too much) in pieces, and computes each piece anew on the way back:
  /// memory grows with M and the piece, not with batch times ranks. The plain form is the same sum in libtorch's
  /// operators, which keep every factor.
  /// - Parameters:
  ///   - left: for each modality `[R_t·T, n]` or `[B, R_t·T, n]`.
  ///   - right: for each modality `[n, R_d·d]` or `[B, n, R_d·d]`; at least one of the two has a batch.
  ///   - present: for each modality `[B]` (bool), nil where it is always there; an absent one's factor is 1.
  ///   - tokenRanks: R_t.
  ///   - featureRanks: R_d.
  ///   - fused: the form to take; without it the fused one, unless the environment says `POLYPHONY_FUSED=0`.
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
