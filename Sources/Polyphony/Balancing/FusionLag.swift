/// How far the fusion lags behind single modalities, and the rates at which it then loses encodings.
///
/// The scores ε are those of ``ModalityScore`` on the validation split: ε_k of modality k's classifier, ε_F of the
/// model's own prediction, and ε* the best possible score. The lag behind modality k is the share of the fusion's
/// shortfall that this modality alone would make up. With the setting p (`drop`), modality i is dropped at the rate r_i:
///
/// lag_k = max(0, (ε_k − ε_F) / (ε* − ε_F)), r_i = p · max_{k≠i} lag_k
///
/// A fusion that lags behind k does not read what k says. Without the others, it has to. A fusion that is ahead of every
/// modality alone needs several of them, and dropout would only take them away, so then all rates are 0. The rates fall
/// by themselves as the fusion catches up. Training scores could not show a lag, because all of them end near ε*.
struct FusionLag: Equatable, Sendable {
  /// lag_1 … lag_M, each from 0 to 1.
  let shares: [Double]

  /// Computes the lags from the score of the fusion, those of the classifiers and the best possible one.
  init(fused: Double, alone: [Double], best: Double) {
    let shortfall = best - fused
    shares = alone.map { shortfall > 0 ? max(0, ($0 - fused) / shortfall) : 0 }
  }

  /// r_1 … r_M for the setting p. A single modality has no other, so its rate is 0.
  func rates(_ largest: Double) -> [Double] {
    shares.indices.map { own in
      largest * (shares.enumerated().filter { $0.offset != own }.map(\.element).max() ?? 0)
    }
  }
}
