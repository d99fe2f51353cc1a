import Torch

/// Wander: a low-rank adapter between whole sequences of any number of modalities, and the head
/// (Guo et al., AAAI 2025, arXiv 2412.08979). The fusion is ``LowRankSequenceFusion``, its places are ``FusionTuning``'s.
///
/// Settings: `bottleneck` (r, 16), `feature_rank` (R_d, 8), `token_rank` (R_t, 12), `steps` (T; 1 before the head,
/// otherwise 4), `constant` (true), `placement` (`last`), `readout` (`mean`), `train_head` (true).
///
/// The published setting is `steps: 16, constant: false, readout: first`. Before the head one fused step is read, and all
/// but the first of 16 have no effect. Their mean equals one step with 16 times the token ranks, for 16 times the work.
/// A sum of products over L aligned steps has token rank L. So `token_rank` should be L or more before other sizes grow.
/// Experiments/tuning/RESULTS.md has the measurements behind the defaults.
public enum Wander {
  /// Reads the settings.
  public static func make(_ settings: SettingsReader) throws(Fault) -> FusionTuning {
    let isBeforeHead = try settings.choice("placement", default: FusionTuning.Placement.last) == .last
    let bottleneck = try settings.int("bottleneck", default: 16, in: 1...65536)
    let featureRank = try settings.int("feature_rank", default: 8, in: 1...65536)
    let tokenRank = try settings.int("token_rank", default: 12, in: 1...65536)
    let steps = try settings.int("steps", default: isBeforeHead ? 1 : 4, in: 1...1024)
    let constant = try settings.bool("constant", default: true)
    return try FusionTuning(settings) { lengths, width, startsAtZero in
      LowRankSequenceFusion(
        lengths: lengths,
        ContractionCost(
          bottleneck: bottleneck, width: width, featureRank: featureRank, tokenRank: tokenRank, steps: steps),
        constant: constant, zeroStart: startsAtZero ? 0 : nil)
    }
  }
}
