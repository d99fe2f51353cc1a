import Torch

extension FeatureStatistics {
  /// Mean and deviation of each feature over the real steps of present samples.
  ///
  /// Computed in double precision. A constant feature gets the deviation `ofConstant`: 1 to divide by, 0 to scale noise.
  public static func fit(
    _ samples: UnlabelledSplit, modality index: Int, kind: Modality.Kind, ofConstant: Float = 1
  ) -> FeatureStatistics {
    noGrad {
      let x = samples.inputs.modalities[index].to(.float64)
      // As rows of features: `[N·L, D]`, or pixels of channels for images.
      let rows = kind == .image ? x.permuted(0, 2, 3, 1).flattened(0, 2) : x.flattened(0, x.rank - 2)
      var weights: Tensor?
      if kind != .image, let mask = samples.inputs.mask(index) { weights = mask.to(.float64).flattened() }
      if let present = samples.inputs.isPresent(index)?.to(.float64) {
        let perRow = rows.size(0) / present.size(0)
        let spread = present.unsqueezed(1).expanded(-1, perRow).flattened()
        weights = weights.map { $0 * spread } ?? spread
      }
      let weight = (weights ?? .ones([rows.size(0)], dtype: .float64)).unsqueezed(1)
      let total = weight.sum().clamped(1, nil)
      let mean = (rows * weight).sum(0) / total
      let variance = ((rows - mean).squared() * weight).sum(0) / total
      let deviation = variance.sqrt()
      return FeatureStatistics(
        mean: mean.floats, deviation: deviation.floats.map { $0 > 1e-6 ? $0 : ofConstant })
    }
  }

  /// Statistics of every modality of a training split.
  public static func fit(
    _ samples: UnlabelledSplit, _ modalities: [Modality], ofConstant: Float = 1
  ) -> [String: FeatureStatistics] {
    var result: [String: FeatureStatistics] = [:]
    for (index, modality) in modalities.enumerated() {
      result[modality.name] = fit(samples, modality: index, kind: modality.kind, ofConstant: ofConstant)
    }
    return result
  }
}
