import Torch

extension FeatureStatistics {
  /// Mean and deviation of each feature over the real steps of present samples.
  ///
  /// Computed in double precision. A constant feature gets the deviation `ofConstant`: 1 to divide by, 0 to scale noise.
  public static func fit(
    _ samples: UnlabelledSplit, modality index: Int, kind: Modality.Kind, ofConstant: Float = 1
  ) -> FeatureStatistics {
    noGrad {
      let x = samples.inputs.modalities[index]
      let mask = kind == .image ? nil : samples.inputs.mask(index)
      let present = samples.inputs.isPresent(index)
      /// The sum over all rows of features of f(rows, weights), block by block: whole splits in double precision are large.
      func sum(_ f: (_ rows: Tensor, _ weight: Tensor) -> Tensor) -> Tensor {
        let perBlock = max(1, blockSize / max(1, x.shape.dropFirst().reduce(1, *)))
        var total: Tensor?
        for start in stride(from: 0, to: x.size(0), by: perBlock) {
          let part = start..<min(start + perBlock, x.size(0))
          let (rows, weight) = weighted(x[part], mask: mask?[part], present: present?[part], kind)
          let own = f(rows, weight).sum(0)
          total = total.map { $0 + own } ?? own
        }
        return total ?? .zeros([x.size(kind == .image ? 1 : x.rank - 1)], dtype: .float64)
      }
      let total = sum { $1 }.clamped(1, nil)
      let mean = sum { $0 * $1 } / total
      let deviation = (sum { ($0 - mean).squared() * $1 } / total).sqrt()
      return FeatureStatistics(
        mean: mean.floats, deviation: deviation.floats.map { $0 > 1e-6 ? $0 : ofConstant })
    }
  }

  /// Elements of a block.
  private static let blockSize = 1 << 22

  /// Rows of features, `[N·L, D]` (pixels of channels for images), and `[N·L, 1]` with 1 for real steps of present samples.
  private static func weighted(
    _ samples: Tensor, mask: Tensor?, present: Tensor?, _ kind: Modality.Kind
  ) -> (rows: Tensor, weight: Tensor) {
    let x = samples.to(.float64)
    let rows = kind == .image ? x.permuted(0, 2, 3, 1).flattened(0, 2) : x.flattened(0, x.rank - 2)
    var weight = mask?.to(.float64).flattened()
    if let present = present?.to(.float64) {
      let spread = present.unsqueezed(1).expanded(-1, rows.size(0) / present.size(0)).flattened()
      weight = weight.map { $0 * spread } ?? spread
    }
    return (rows, (weight ?? .ones([rows.size(0)], dtype: .float64)).unsqueezed(1))
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
