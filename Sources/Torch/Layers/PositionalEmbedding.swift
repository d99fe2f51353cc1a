import Foundation

/// Sinusoidal positions (Vaswani et al. 2017, in the form of Tsai et al. 2019, MulT).
///
/// With half = d/2 and fᵢ = exp(−i · ln 10000 / (half − 1)), step p has `[sin(p·f₀) … | cos(p·f₀) …]`; an odd width
/// ends in a zero. The first real step of a sample is p = 1, padding gets zeros.
package final class PositionalEmbedding {
  private let width: Int
  /// Row p is the code of step p; row 0 is zero.
  private var table: Tensor?

  package init(width: Int) { self.width = width }

  /// Codes for a sequence: `[1, length, width]`, or `[batch, length, width]` with a mask of real steps.
  package func callAsFunction(length: Int, mask: Tensor?, like tensor: Tensor) -> Tensor {
    let table = rows(atLeast: length + 1, like: tensor)
    guard let mask else { return table.slice(0, 1, length + 1).unsqueezed(0) }
    let steps = mask.to(.int64).cumulativeSum(1) * mask.to(.int64)
    return table.rows(steps.flattened()).view(steps.size(0), length, width)
  }

  private func rows(atLeast count: Int, like tensor: Tensor) -> Tensor {
    if let table, table.size(0) >= count, table.dtype == tensor.dtype, table.device == tensor.device { return table }
    let half = width / 2
    var codes = [Double](repeating: 0, count: count * width)
    for step in 1..<max(2, count) where step < count {
      for index in 0..<half {
        let angle = Double(step) * exp(-Double(index) * log(10000) / Double(max(1, half - 1)))
        codes[step * width + index] = sin(angle)
        codes[step * width + half + index] = cos(angle)
      }
    }
    let built = Tensor(codes, shape: [count, width]).to(tensor.dtype).to(tensor.device)
    table = built
    return built
  }
}
