/// How far the fusion lags behind single modalities, and the rates at which it then loses encodings.
///
/// The scores ε are those of ``ModalityScore`` on the n samples of the validation split: ε_k of modality k's classifier,
/// ε_F of the model's own prediction, and ε* the best possible score. The lag behind modality k is the share of the
/// fusion's shortfall that this modality alone would make up. With the setting p (`drop`), modality i is dropped at the
/// rate r_i:
///
/// lag_k = (ε_k − ε_F) / (ε* − ε_F), r_i = p · max_{k≠i} lag_k
///
/// A lag of at most two standard errors counts as 0. The error of ε_k − ε_F is √((v_k + v_F) / n), where v = ε(1 − ε) is
/// the largest variance of a score between 0 and 1 with the mean ε. The score `error` has no such bounds and v = 0.
///
/// A fusion that lags behind k does not read what k says. Without the others, it has to. A fusion that is ahead of every
/// modality alone needs several of them, and dropout would only take them away, so then all rates are 0. The rates fall
/// by themselves as the fusion catches up. Training scores could not show a lag, because all of them end near ε*.
struct FusionLag: Equatable, Sendable {
  /// lag_1 … lag_M, each from 0 to 1.
  let shares: [Double]

  /// Computes the lags from the score of the fusion, those of the classifiers, the best possible one and the number of
  /// samples n.
  init(fused: Double, alone: [Double], best: Double, count: Int) {
    func variance(_ score: Double) -> Double { max(0, score * (1 - score)) }
    shares = alone.map { score in
      let error = ((variance(score) + variance(fused)) / Double(max(count, 1))).squareRoot()
      return score - fused > 2 * error ? (score - fused) / (best - fused) : 0
    }
  }

  /// r_1 … r_M for the setting p. A single modality has no other, so its rate is 0.
  func rates(_ largest: Double) -> [Double] {
    shares.indices.map { own in
      largest * (shares.enumerated().filter { $0.offset != own }.map(\.element).max() ?? 0)
    }
  }
}
