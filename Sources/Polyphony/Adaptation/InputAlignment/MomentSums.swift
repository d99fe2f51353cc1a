import Torch

/// Weighted sums of a modality's features by stratum, from which moments and the map between two of them come.
///
/// Sample n belongs to stratum k with weight r_nk. With x_n its features at a step,
///
/// N_k = Σ_n r_nk, X_k = Σ_n r_nk x_n, Q = Σ_nk r_nk x_n².
///
/// If all steps share their moments, x_n is replaced by the mean over the sample's real steps, and x_n² by that of the
/// squares. So a long sample counts no more than a short one.
struct MomentSums {
  /// N, `[K, S, 1]`, where S is 1 if all steps share their moments.
  var count: Tensor
  /// X, `[K, S, D]`.
  var sum: Tensor
  /// Q, `[S, D]`.
  var square: Tensor

  /// The number S of steps with sums of their own.
  var steps: Int { count.size(1) }

  /// Sums of no sample.
  init(strata: Int, steps: Int, features: Int) {
    count = .zeros([strata, steps, 1], dtype: .float64)
    sum = .zeros([strata, steps, features], dtype: .float64)
    square = .zeros([steps, features], dtype: .float64)
  }

  /// Adds samples. Those of another number of steps do not count where each step has sums of its own.
  /// - Parameters:
  ///   - inputs: standardised inputs.
  ///   - index: the modality.
  ///   - weights: r, `[B, K]` f64.
  mutating func add(_ inputs: Inputs, modality index: Int, weights: Tensor) {
    let x = FeatureSteps.values(inputs.modalities[index]).to(.cpu).to(.float64)
    guard steps == 1 || x.size(1) == steps else { return }
    let real = inputs.validSteps(index)?.expanded(-1, x.size(1)).to(.cpu).to(.float64)
    let turned = weights.transposed(0, 1)
    if steps == 1 {
      let mask = real ?? .ones([x.size(0), x.size(1)], dtype: .float64)
      let length = mask.sum(1, keep: true)
      let share = (mask / length.clamped(1, nil)).unsqueezed(1)
      let own = weights * length.clamped(nil, 1)
      count.addInPlace(own.sum(0).reshaped(-1, 1, 1))
      sum.addInPlace(turned.matmul(share.matmul(x).squeezed(1)).unsqueezed(1))
      square.addInPlace(weights.sum(1).unsqueezed(0).matmul(share.matmul(x.squared()).squeezed(1)))
    } else {
      let mask = real?.unsqueezed(2)
      let kept = mask.map { x * $0 } ?? x
      let width = x.size(2)
      count.addInPlace(
        mask.map { turned.matmul($0.squeezed(2)).unsqueezed(2) }
          ?? weights.sum(0).reshaped(-1, 1, 1).expanded(-1, steps, 1))
      sum.addInPlace(turned.matmul(kept.flattened(1)).reshaped(-1, steps, width))
      square.addInPlace((weights.sum(1).reshaped(-1, 1, 1) * (kept * x)).sum(0))
    }
  }

  /// The sums of all samples as one stratum.
  var united: MomentSums {
    var result = self
    (result.count, result.sum) = (count.sum(0, keep: true), sum.sum(0, keep: true))
    return result
  }

  /// Multiplies all sums, so that later samples count more.
  mutating func fade(_ factor: Double) {
    for tensor in [count, sum, square] { tensor.multiplyInPlace(factor) }
  }

  /// Mean and variance within strata. A stratum without samples has the mean of all.
  var moments: SourceMoments.Features {
    let all = count.sum(0).clamped(1e-12, nil)
    let mean = sum.sum(0) / all
    let isFilled = (count .> 0).to(.float64)
    let own = sum / count.clamped(1e-12, nil) * isFilled + mean.unsqueezed(0) * (1 - isFilled)
    let variance = ((square - (count * own.squared()).sum(0)) / all).clamped(0, nil)
    return .init(mean: own, variance: variance)
  }

  /// The mean over all samples, `[S, D]`.
  var mean: Tensor { sum.sum(0) / count.sum(0).clamped(1e-12, nil) }

  /// How far the samples are from a source with the same mix of strata, less what chance alone gives.
  func drift(from source: SourceMoments.Features) -> FeatureDrift {
    let all = count.sum(0)
    guard all.maximum(0).maximum(0).item > 0 else { return .none }
    let total = all.clamped(1e-12, nil)
    let mixed = (count * source.mean).sum(0) / total
    let between = (count * (source.mean - mixed).squared()).sum(0) / total
    let mean = mean
    let own = (square / total - mean.squared()).clamped(0, nil).sqrt()
    let change = own - (source.variance + between).sqrt()
    // The variance of a mean is 1/N, and that of a standard deviation 1/2N.
    return FeatureDrift(
      shift: ((mean - mixed).squared() - 1 / total).mean().clamped(0, nil).sqrt().item,
      spread: (change.squared() - 0.5 / total).mean().clamped(0, nil).sqrt().item)
  }
}

/// The features of a modality as steps, `[B, L, D]`. An image has one step for each place.
enum FeatureSteps {
  /// The values of a modality.
  static func values(_ x: Tensor) -> Tensor {
    switch x.rank {
    case 2: x.unsqueezed(1)
    case 4, 5: x.flattened(2).transposed(1, 2)
    default: x
    }
  }
}
