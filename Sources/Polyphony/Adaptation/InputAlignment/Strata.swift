import Torch

/// How far each sample belongs to each stratum of the source, by the model's answers.
///
/// A class counts with its probability. A fifth of a regression counts by Bayes' rule, with the predictions of a fifth
/// normally distributed around their mean on the source. All weights of a sample are multiplied by the square of the
/// largest one, so that the surest samples decide.
struct Strata {
  let moments: SourceMoments

  /// The number K of strata.
  var count: Int { moments.shares.size(0) }

  /// The weights of samples, `[B, K]` f64 on the CPU.
  func weights(_ prediction: Tensor) -> Tensor {
    let prediction = prediction.detached().to(.cpu).to(.float64)
    guard count > 1 else { return .ones([prediction.size(0), 1], dtype: .float64) }
    let share = logits(prediction).softmax(1)
    return share * share.maximum(1, keep: true).squared()
  }

  /// The weights of samples about whose strata nothing is known.
  func shares(of samples: Int) -> Tensor { moments.shares.unsqueezed(0).expanded(samples, -1) }

  private func logits(_ prediction: Tensor) -> Tensor {
    guard let answers = moments.answers else { return prediction }
    let distance = (prediction - answers.mean.unsqueezed(0)) / answers.deviation.unsqueezed(0)
    return (moments.shares / answers.deviation).clamped(1e-30, nil).log().unsqueezed(0) - distance.squared() * 0.5
  }

  /// The strata of labelled samples, `[N]` i64, and their number.
  ///
  /// - Returns: The class; the fifth by target of a regression with one target; else 0 for all.
  static func of(_ target: Tensor, _ task: PredictionTask) -> (indices: Tensor, count: Int) {
    let count = SourceMoments.strata(of: task)
    switch task.kind {
    case .classification: return (target.reshaped(-1), count)
    case .regression where count > 1:
      let values = target.reshaped(-1).to(.float64)
      let sorted = values.sorted().values.doubles
      // Equal targets stay together, so a fifth may be empty.
      let bounds = (1..<count).map { sorted[min(sorted.count - 1, $0 * sorted.count / count)] }
      let index = bounds.reduce(Tensor.zeros([values.size(0)], dtype: .int64)) { $0 + (values .>= $1).to(.int64) }
      return (index, count)
    case .regression, .multilabel, .segmentation: return (.zeros([target.size(0)], dtype: .int64), count)
    }
  }
}
