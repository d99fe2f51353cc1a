import Torch

/// Dice of a batch of maps in whole-batch arithmetic, for use in training. ``SegmentationMetrics`` is for reports.
public enum SegmentationScore {
  /// ε, which keeps Dice defined if a region is on neither side.
  static let smoothing = 1e-3

  /// 2(|P ∩ T| + ε) / (|P| + |T| + 2ε) for each region, averaged over the samples.
  ///
  /// - Parameters:
  ///   - prediction: logits `[B, classes, H, W]`, or `[B, classes, D, H, W]` of volumes.
  ///   - target: `[B, H, W]`, or `[B, D, H, W]`.
  ///   - classes: the number of classes. Four are those of the BraTS challenge with its regions (enhancing tumour {3},
  ///     tumour core {1, 3}, whole tumour {1, 2, 3}). Otherwise each class but 0 is a region.
  /// - Returns: Dice of each region, `[regions]`.
  public static func dice(_ prediction: Tensor, _ target: Tensor, classes: Int) -> Tensor {
    let predicted = prediction.argmax(1)
    let regions = classes == 4 ? SegmentationMetrics.Region.braTS.map(\.classes) : (1..<classes).map { [$0] }
    let values = regions.map { region in
      let (p, t) = (inside(predicted, region).flattened(1), inside(target, region).flattened(1))
      let both = (p * t).sum(1) + smoothing
      return (both * 2 / (p.sum(1) + t.sum(1) + 2 * smoothing)).mean()
    }
    return .stacked(values)
  }

  private static func inside(_ map: Tensor, _ classes: Set<Int>) -> Tensor {
    classes.sorted().map { (map .== Double($0)).to(.float32) }.reduce(map.to(.float32).zerosLike(), +)
  }
}
