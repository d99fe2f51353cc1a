import Torch

/// NT-Xent, the contrast between two views of each sample (Chen et al. 2020; CASP's first stage).
///
/// With z = r/‖r‖ of both views stacked, `[2B, d]`, s = zzᵀ/τ and i⁺ the other view of i:
///
/// L = 1/2B Σ_i ( log Σ_{k≠i} exp s_{ik} − s_{ii⁺} ).
///
/// It takes one matrix product for any batch.
///
/// ```swift
/// let first = Tensor.normal([16, 32])
/// let second = first + Tensor.normal([16, 32]) * 0.1
/// let loss = ContrastiveLoss.value(first, second, temperature: 0.5)
/// ```
public enum ContrastiveLoss {
  /// The loss of representations `[B, d]` of both views, a scalar tensor; 0 for a single sample.
  public static func value(_ first: Tensor, _ second: Tensor, temperature: Double = 0.5) -> Tensor {
    value(of: .concatenated([first, second]), temperature: temperature)
  }

  /// The loss of both views, stacked to `[2B, d]`.
  static func value(of views: Tensor, temperature: Double) -> Tensor {
    let count = views.size(0) / 2
    let unit = views / views.norm(1, keep: true).clamped(1e-8, nil)
    let similarity = unit.matmul(unit.transposed(0, 1)) / temperature
    let itself = Tensor.range(2 * count, device: views.device)
    let isItself = itself.unsqueezed(0) .== itself.unsqueezed(1)
    // The other view of i is B rows further, so its similarity is in column i ± B.
    let partners = Tensor.concatenated([itself.slice(0, count), itself.slice(0, 0, count)]).unsqueezed(1)
    let positive = similarity.gathered(1, partners).squeezed(1)
    return (similarity.filled(-.infinity, where: isItself).logSumExp(1) - positive).mean()
  }
}
