import Torch

/// The mean and standard deviation of each feature of a modality, over the real steps of a training split.
///
/// ```swift
/// let data = try Dataset("gestures")
/// let statistics = FeatureStatistics.fit(try data.unlabelled("train"), data.description.modalities)
/// configuration.normalization = statistics
/// ```
public struct FeatureStatistics: Codable, Equatable, Sendable {
  /// One mean per feature (per channel for images).
  public var mean: [Float]
  /// One deviation per feature; 1 for a constant feature.
  public var deviation: [Float]

  enum CodingKeys: String, CodingKey {
    case mean
    case deviation = "std"
  }
}

extension FeatureStatistics {
  /// Computes mean and deviation of each feature over the real steps of present samples, in double precision.
  ///
  /// A constant feature gets the deviation `ofConstant`, which is 1 for a divisor and 0 for a scale of noise. Missing
  /// cells (NaN) do not count. A feature without any number has the mean 0.
  public static func fit(
    _ samples: UnlabelledSplit, modality index: Int, kind: Modality.Kind, ofConstant: Float = 1
  ) -> FeatureStatistics {
    guard let source = samples.source, ofConstant == 1 else {
      return computed(samples, modality: index, kind: kind, ofConstant: ofConstant)
    }
    defer { source.stamp.save() }
    return source.statistics(index) { computed(samples, modality: index, kind: kind, ofConstant: ofConstant) }
  }

  private static func computed(
    _ samples: UnlabelledSplit, modality index: Int, kind: Modality.Kind, ofConstant: Float
  ) -> FeatureStatistics {
    noGrad {
      let x = samples.stored.modalities[index]
      let mask = kind.isMapped ? nil : samples.stored.mask(index)
      let present = samples.stored.isPresent(index)
      let hasMissingCells = !samples.isFinite(index)
      let features = x.size(kind.isMapped ? 1 : x.rank - 1)
      let perSample = x.shape.dropFirst().reduce(1, *) / max(1, features)
      /// The features as rows `[n·L, D]`, one row per step or per pixel.
      func cells(_ part: Range<Int>) -> Tensor {
        let x = x[part].to(.float64)
        return kind.isMapped ? x.flattened(2).transposed(1, 2).flattened(0, 1) : x.flattened(0, x.rank - 2)
      }
      /// The rows with 0 in missing cells, whose weight is 0 too.
      func rows(_ part: Range<Int>) -> Tensor {
        let cells = cells(part)
        return hasMissingCells ? cells.filled(0, where: cells.isMissingCell) : cells
      }
      /// The weight of each row `[n·L, 1]`: 1 for real steps of present samples, else 0.
      func rowWeight(_ part: Range<Int>) -> Tensor {
        var weight = mask?[part].to(.float64).flattened()
        if let present = present?[part].to(.float64) {
          let spread = present.unsqueezed(1).expanded(-1, perSample).flattened()
          weight = weight.map { $0 * spread } ?? spread
        }
        return (weight ?? .ones([part.count * perSample], dtype: .float64)).unsqueezed(1)
      }
      /// The weight of each row, or of each cell `[n·L, D]` where some are missing.
      func weight(_ part: Range<Int>) -> Tensor {
        hasMissingCells ? rowWeight(part) * (.!cells(part).isMissingCell).to(.float64) : rowWeight(part)
      }
      /// The sum over all rows, block by block, because a whole split in double precision needs much memory.
      ///
      /// No block's sum outlives the next one. Else the heap could not join the freed memory of the blocks.
      func sum(_ f: (Range<Int>) -> Tensor) -> Tensor {
        samples.blocks(index).reduce(.zeros([features], dtype: .float64)) { $0 + f($1).sum(0) }
      }
      let total = sum(weight).clamped(1, nil)
      let mean = sum { rows($0) * weight($0) } / total
      let deviation = (sum { (rows($0) - mean).squared() * weight($0) } / total).sqrt()
      return FeatureStatistics(
        mean: mean.floats, deviation: deviation.floats.map { $0 > 1e-6 ? $0 : ofConstant })
    }
  }

  /// Computes the statistics of every modality of a training split, by name. Raw inputs have none.
  public static func fit(
    _ samples: UnlabelledSplit, _ modalities: [Modality], ofConstant: Float = 1
  ) -> [String: FeatureStatistics] {
    var result: [String: FeatureStatistics] = [:]
    for (index, modality) in modalities.enumerated() where modality.kind.raw == nil {
      result[modality.name] = fit(samples, modality: index, kind: modality.kind, ofConstant: ofConstant)
    }
    return result
  }
}
