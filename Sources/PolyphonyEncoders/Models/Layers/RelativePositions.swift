import Foundation
import Torch

/// Relative positions in T5's form (Raffel et al. 2020), which MPNet and WavLM share.
///
/// The distance from query to key falls into one of n buckets. Half of them are for keys behind the query. Near distances
/// have a bucket each, and the buckets of far distances grow as the logarithm.
enum RelativePositions {
  /// Returns the bias of the scores, `[1, heads, length, length]`, from a table of buckets.
  static func bias(_ table: Embedding, length: Int, farthest: Double) -> Tensor {
    let device = table.weight.device
    let steps = Tensor.range(length, device: device)
    let places = buckets(steps.unsqueezed(0) - steps.unsqueezed(1), count: table.weight.size(0), farthest: farthest)
    return table(places).permuted(2, 0, 1).unsqueezed(0)
  }

  /// Returns the buckets of distances, in single precision, as the published encoders were trained.
  private static func buckets(_ distances: Tensor, count: Int, farthest: Double) -> Tensor {
    let (half, near) = (count / 2, count / 4)
    let sizes = distances.abs()
    let growth = (sizes.to(.float32) / Double(near)).log() / log(farthest / Double(near)) * Double(half - near)
    // Distance 0 is near, and its logarithm is not read.
    let far = (growth.clamped(0, nil).to(.int64).to(.float32) + Double(near)).clamped(nil, Double(half - 1)).to(.int64)
    let start = Tensor(Double(half), dtype: .int64) * (distances .> 0).to(.int64)
    return start + sizes.selected(where: sizes .< Double(near), otherwise: far)
  }
}
