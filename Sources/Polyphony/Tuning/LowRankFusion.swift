import Torch

/// LMF: low-rank fusion of one vector per modality (Liu et al. 2018, eq. 6), a form of Wander without token ranks, and
/// the head.
///
/// z̄_m `[B, r]` is the mean of GELU(h_m W_m + b_m) over the real steps. F = Σ_j ⊙_m z̄_m U_m^{(j)} `[B, 1, d]`, and
/// the product omits an absent modality. U ~ N(0, 1/r), but that of the first modality is zero if F must start at zero.
/// The placement is that of Wander (``FusionTuning``).
///
/// Settings: `bottleneck` (r, 16), `feature_rank` (R_d, 8), `placement` (`last`), `readout` (`mean`, with a single
/// step), `train_head` (true).
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "feature_rank: 4", file: "recipe")
/// let (lmf, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try LowRankFusion.make(reader) }
/// let installation = try Installation(lmf, on: model)
/// ```
public enum LowRankFusion {
  /// Makes the method from its settings.
  /// - Throws: `Fault(.usage)` for an unknown value or a number out of range.
  public static func make(_ settings: SettingsReader) throws(Fault) -> FusionTuning {
    let bottleneck = try settings.int("bottleneck", default: 16, in: 1...65536)
    let rank = try settings.int("feature_rank", default: 8, in: 1...65536)
    return try FusionTuning(settings) { lengths, width, startsAtZero in
      MeanRankFusion(
        modalities: lengths.count, bottleneck: bottleneck, width: width, rank: rank, startsAtZero: startsAtZero)
    }
  }
}

/// F = Σ_j ⊙_m z̄_m U_m^{(j)}.
final class MeanRankFusion: Module, SequenceFusion {
  @Child("down") var down: [Linear]
  /// The factors U_m, `[R_d, r, d]`.
  @Child("feature") var features: [Factor]
  private let rank: Int

  var steps: Int { 1 }

  init(modalities: Int, bottleneck: Int, width: Int, rank: Int, startsAtZero: Bool) {
    self.rank = rank
    super.init()
    down = (0..<modalities).map { _ in Linear(width, bottleneck) }
    features = (0..<modalities).map { index in
      let shape = [rank, bottleneck, width]
      return Factor(startsAtZero && index == 0 ? .zeros(shape) : .normal(shape) * (1 / Double(bottleneck).squareRoot()))
    }
  }

  func fuse(_ tokens: [Tokens], present: [Tensor?], limit: Int?) -> Tensor {
    RankProducts.sum(
      left: zip(tokens, down).map { Tokens($1($0.values).gelu(), mask: $0.mask).mean.unsqueezed(1) },
      right: features.map { $0.values.transposed(0, 1).flattened(1, 2) }, present: present, tokenRanks: 1,
      featureRanks: rank)
  }
}

extension Tokens {
  /// The mean of each sample's real steps, `[B, width]`.
  var mean: Tensor {
    guard let mask else { return values.mean(1) }
    let weights = mask.to(values.dtype)
    return (values * weights.unsqueezed(2)).sum(1) / weights.sum(1, keep: true).clamped(1, nil)
  }
}
