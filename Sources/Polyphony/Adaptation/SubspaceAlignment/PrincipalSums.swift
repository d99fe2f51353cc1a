import Torch

/// Sums of vectors and of their outer products, from which principal directions come.
struct PrincipalSums {
  /// The largest number of directions.
  private static let mostDirections = 16

  private var count = 0
  private var sum: Tensor?
  private var square: Tensor?

  /// Adds vectors, `[B, W]`.
  mutating func add(_ vectors: Tensor) {
    let x = vectors.to(.cpu).to(.float64)
    let (own, outer) = (x.sum(0), x.transposed(0, 1).matmul(x))
    count += x.size(0)
    (sum, square) = (sum.map { $0 + own } ?? own, square.map { $0 + outer } ?? outer)
  }

  /// The moments in the principal directions; nil without vectors, and for numbers that are not finite.
  var moments: SourceMoments.Principal? {
    guard let sum, let square, square.isFinite else { return nil }
    let mean = sum / Double(count)
    let outer = mean.unsqueezed(1).matmul(mean.unsqueezed(0)) * Double(count)
    let (values, vectors) = ((square - outer) / Double(max(1, count - 1))).symmetricEigen()
    let largest = values.doubles.last ?? 0
    let kept = values.doubles.suffix(Self.mostDirections).count { $0 > max(largest * 1e-6, 1e-12) }
    let (width, used) = (values.size(0), max(1, kept))
    return .init(
      mean: mean, directions: vectors.slice(1, width - used).transposed(0, 1).flipped(0).contiguous(),
      variance: values.slice(0, width - used).flipped(0).clamped(1e-12, nil))
  }
}
