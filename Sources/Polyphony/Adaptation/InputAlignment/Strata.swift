import Torch

/// How far each sample belongs to each stratum of the source.
///
/// Two witnesses say it, and their logarithms are averaged. The first is the model's answer: a class counts with its
/// probability, and a fifth of a regression by Bayes' rule, with the predictions of a fifth normally distributed around
/// their mean on the source. The second is a linear discriminant of the features of each modality, with the means and the
/// covariance of the source:
///
/// g_k = Σ_m (x_mᵀ Σ_m⁻¹ μ_mk − ½ μ_mkᵀ Σ_m⁻¹ μ_mk), p_k ∝ share_k · exp(g_k / 3).
///
/// A network's answer may be wrong and sure on inputs that it has never seen, while a linear one changes slowly.
/// Modalities are not independent, hence the divisor. All weights of a sample are multiplied by the square of the
/// largest one, so that the surest samples decide.
struct Strata {
  /// The divisor of g.
  private static let temperature = 3.0

  let moments: SourceMoments
  /// The share of the discriminants in the average of logarithms.
  let discriminantShare: Double
  private let discriminants: [Discriminant]

  private struct Discriminant {
    let index: Int
    let steps: Int
    /// Σ⁻¹ μ, `[F, K]`.
    let direction: Tensor
    /// ½ μᵀ Σ⁻¹ μ, `[K]`.
    let offset: Tensor
  }

  /// - Parameters:
  ///   - moments: the source's moments.
  ///   - modalities: the model's modalities.
  ///   - discriminantShare: the share of the second witness.
  init(_ moments: SourceMoments, _ modalities: [Modality], discriminantShare: Double) {
    self.moments = moments
    self.discriminantShare = discriminantShare
    discriminants = noGrad {
      modalities.enumerated().compactMap { index, modality in
        guard let own = moments.features[modality.name], let precision = own.precision else { return nil }
        let mean = own.mean.flattened(1)
        let direction = precision.matmul(mean.transposed(0, 1))
        return Discriminant(
          index: index, steps: own.mean.size(1), direction: direction,
          offset: (mean.transposed(0, 1) * direction).sum(0) * 0.5)
      }
    }
  }

  /// The number K of strata.
  var count: Int { moments.shares.size(0) }

  /// The weights of samples, `[B, K]` f64 on the CPU.
  /// - Parameters:
  ///   - prediction: the model's answers.
  ///   - inputs: the inputs under the current map.
  func weights(_ prediction: Tensor, _ inputs: Inputs) -> Tensor {
    guard count > 1 else { return .ones([inputs.count, 1], dtype: .float64) }
    var log = logAnswers(prediction.detached().to(.cpu).to(.float64))
    if discriminantShare > 0, let own = logDiscriminants(inputs) {
      log = log * (1 - discriminantShare) + own * discriminantShare
    }
    let share = log.softmax(1)
    return share * share.maximum(1, keep: true).squared()
  }

  private func logAnswers(_ prediction: Tensor) -> Tensor {
    guard let answers = moments.answers else { return prediction.logSoftmax(1) }
    let distance = (prediction - answers.mean.unsqueezed(0)) / answers.deviation.unsqueezed(0)
    // An empty stratum keeps a finite logarithm, so that its product with a share of 0 is a number.
    let log = (moments.shares / answers.deviation).clamped(1e-30, nil).log().unsqueezed(0)
    return (log - distance.squared() * 0.5).logSoftmax(1)
  }

  private func logDiscriminants(_ inputs: Inputs) -> Tensor? {
    // A target of another length has no features of the same steps.
    let fitting = discriminants.filter { $0.steps == 1 || FeatureSteps.values(inputs.modalities[$0.index]).size(1) == $0.steps }
    guard !fitting.isEmpty else { return nil }
    let scores = fitting.map { own in
      let score = FeatureSteps.summary(inputs, own.index, steps: own.steps).matmul(own.direction) - own.offset
      guard let present = inputs.isPresent(own.index) else { return score }
      return score * present.to(.cpu).to(.float64).unsqueezed(1)
    }
    let sum = scores.dropFirst().reduce(scores[0], +)
    return (sum / Self.temperature + moments.shares.clamped(1e-30, nil).log()).logSoftmax(1)
  }

  /// The strata of labelled samples, `[N]` i64, and their number.
  ///
  /// - Returns: The class; the fifth by target of a regression with one target; else 0 for all.
  static func of(_ target: Tensor, _ task: PredictionTask) -> (indices: Tensor, count: Int) {
    switch task.kind {
    case .classification: return (target.reshaped(-1), task.classes ?? 1)
    case .regression where task.outputs == 1:
      let values = target.reshaped(-1).to(.float64)
      let fifths = 5
      let sorted = values.sorted().values.doubles
      // Equal targets stay together, so a fifth may be empty.
      let bounds = (1..<fifths).map { sorted[min(sorted.count - 1, $0 * sorted.count / fifths)] }
      let index = bounds.reduce(Tensor.zeros([values.size(0)], dtype: .int64)) { $0 + (values .>= $1).to(.int64) }
      return (index, fifths)
    case .regression, .multilabel, .segmentation: return (.zeros([target.size(0)], dtype: .int64), 1)
    }
  }
}
