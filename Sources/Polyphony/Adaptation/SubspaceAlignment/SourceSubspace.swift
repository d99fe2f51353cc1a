import Torch

/// The principal subspace of a source's features, and how far the features of other samples are from it.
///
/// z is the input of the last linear layer W. The model keeps z's mean μ, principal directions v_d and variances λ_d on
/// its training split (``SourceMoments/principal``), and no sample. With μ̃_d and σ̃²_d the mean and variance of
/// v_d·(z − μ) over samples, their divergence is
///
/// L = Σ_d α_d ½ ((μ̃_d² + λ_d)/σ̃²_d + (μ̃_d² + σ̃²_d)/λ_d − 2) / Σ_d α_d, α_d = 1 + ‖W v_d‖,
///
/// the symmetric Kullback-Leibler divergence of two normal distributions (SSA, Adachi et al., ICLR 2025, arXiv
/// 2410.03263).
struct SourceSubspace {
  private let mean: Tensor
  private let directions: Tensor
  private let variance: Tensor
  /// α / Σα.
  private let weight: Tensor

  /// Takes the moments that a model keeps.
  /// - Throws: `Fault(.usage)` for a model without them; the fault names the method.
  init(of model: MultimodalModel, device: Device, method: String) throws(Fault) {
    guard let kept = model.sourceMoments?.principal else {
      throw Fault(
        .usage, "the model keeps no moments of its features", file: model.folder, key: "--method", found: method,
        expected: "a model folder with \(SourceMoments.fileName), and a task other than segmentation",
        remedy: "train the model again, or take casp-contrast, which needs no moments")
    }
    (mean, directions, variance, weight) = noGrad {
      func own(_ tensor: Tensor) -> Tensor { tensor.to(.float32).to(device) }
      let directions = own(kept.directions)
      let zero = directions.slice(0, 0, 1).zerosLike()
      // The last layer is linear, so its answer to a direction is W v_d and a constant.
      let answer = model.backbone.prediction(directions) - model.backbone.prediction(zero)
      let weight = 1 + answer.squared().sum(1).sqrt()
      return (own(kept.mean), directions, own(kept.variance), weight / weight.sum())
    }
  }

  /// L of features z, `[B, W]`.
  func divergence(_ features: Tensor) -> Tensor {
    Self.divergence((features - mean).matmul(directions.transposed(0, 1)), variance: variance, weight: weight)
  }

  /// L of projections v_d·(z − μ), `[B, P]`.
  static func divergence(_ projections: Tensor, variance: Tensor, weight: Tensor) -> Tensor {
    let mean = projections.mean(0).squared()
    let own = projections.variance(0) + 1e-6
    let divergence = ((mean + variance) / own + (mean + own) / variance - 2) * 0.5
    return (divergence * weight).sum()
  }
}
