import Foundation

/// Sinusoidal position codes (Vaswani et al. 2017, in the form of MulT, Tsai et al. 2019).
///
/// Step p has the code `[sin(p·f₀) … | cos(p·f₀) …]` with half = d/2 and fᵢ = exp(−i · ln 10000 / (half − 1)). An odd
/// width ends in a zero. The first real step of a sample is p = 1, and padding gets zeros.
package final class PositionalEmbedding {
  private let width: Int
  /// The codes: row p belongs to step p, and row 0 is zero.
  private var table: Tensor?

  package init(width: Int) { self.width = width }

  /// Returns the codes of a sequence: `[1, length, width]`, or `[batch, length, width]` with a mask of real steps.
  package func callAsFunction(length: Int, mask: Tensor?, like tensor: Tensor) -> Tensor {
    let table = rows(atLeast: length + 1, like: tensor)
    guard let mask else { return table.slice(0, 1, length + 1).unsqueezed(0) }
    let steps = mask.to(.int64).cumulativeSum(1) * mask.to(.int64)
    return table.rows(steps.flattened()).view(steps.size(0), length, width)
  }

  private func rows(atLeast count: Int, like tensor: Tensor) -> Tensor {
    if let table, table.size(0) >= count, table.dtype == tensor.dtype, table.device == tensor.device { return table }
    // In the tensor's own precision, or f32 for half types: f32 models were trained with f32 angles. At step 400 these
    // differ from f64 angles in the fifth digit.
    let type = tensor.dtype == .float64 ? DType.float64 : .float32
    let half = width / 2
    let decay = -log(10000) / Double(max(1, half - 1))
    let built = noGrad {
      let frequencies = (Tensor.range(0, half, dtype: type) * decay).exp()
      let angles = Tensor.range(0, count, dtype: type).unsqueezed(1) * frequencies
      let codes = Tensor.concatenated([angles.sin(), angles.cos(), .zeros([count, width % 2], dtype: type)], 1)
      codes[0].fillInPlace(0)
      return codes.to(tensor.dtype).to(tensor.device)
    }
    table = built
    return built
  }
}
