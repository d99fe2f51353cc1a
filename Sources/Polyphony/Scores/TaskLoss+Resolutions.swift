import Torch

extension TaskLoss {
  /// The loss of a pass, over all its predictions: Σ_i w_i L(ŷ_i, y_i).
  ///
  /// ŷ_0 is the prediction, and the others are ``MultimodalModel/Output/auxiliary``. w_i ∝ 2⁻ⁱ, and the weights sum to 1
  /// (nnU-Net, Isensee et al. 2021). y_i is the truth in the size of ŷ_i, by the nearest pixel.
  public func callAsFunction(_ output: MultimodalModel.Output, _ target: Tensor) -> Tensor {
    let finest = self(output.prediction, target)
    guard !output.auxiliary.isEmpty else { return finest }
    var (sum, weight, total) = (finest, 1.0, 1.0)
    for prediction in output.auxiliary {
      weight /= 2
      total += weight
      sum = sum + self(prediction, Self.nearest(target, size: Array(prediction.shape.dropFirst(2)))) * weight
    }
    return sum / total
  }

  /// A map of classes `[B, …]` in another size. Place i takes the place ⌊i n/n′⌋ of n, as PyTorch's nearest neighbour does.
  static func nearest(_ target: Tensor, size: [Int]) -> Tensor {
    size.enumerated().reduce(target) { map, part in
      let (axis, length) = (part.offset + 1, map.size(part.offset + 1))
      guard length != part.element else { return map }
      let places = (0..<part.element).map { $0 * length / part.element }
      return map.rows(Tensor(places).to(map.device), axis)
    }
  }
}
