import Torch

/// How far a student's prediction is from a teacher's, and means over samples that have a modality.
enum Distillation {
  /// The divergence D(t ‖ s) for each sample, `[B]`.
  ///
  /// * Classification: τ² KL(softmax(t/τ) ‖ softmax(s/τ)).
  /// * Multi-label classification: the same of the two shares of each label, as a mean over the labels.
  /// * Regression: the squared difference, as a mean over the targets.
  ///
  /// The factor τ² keeps the gradient's size independent of the temperature τ (Hinton et al., arXiv 1503.02531).
  static func divergence(
    _ student: Tensor, from teacher: Tensor, temperature: Double, _ task: PredictionTask
  ) -> Tensor {
    let (s, t) = (student / temperature, teacher / temperature)
    switch task.kind {
    case .regression: return (student - teacher).squared().mean(1)
    case .multilabel:
      let shares = t.sigmoid()
      let divergence = s.binaryCrossEntropy(shares, reduction: .none) - t.binaryCrossEntropy(shares, reduction: .none)
      return divergence.mean(1) * (temperature * temperature)
    case .classification, .segmentation:
      let (own, taught) = (s.logSoftmax(1), t.logSoftmax(1))
      return (taught.exp() * (taught - own)).sum(1) * (temperature * temperature)
    }
  }

  /// The mean of values `[B]` over the samples that have a modality, `[B]` bool; nil if all have it.
  static func mean(_ values: Tensor, over present: Tensor?) -> Tensor {
    guard let weights = present?.to(values.dtype) else { return values.mean() }
    return (values * weights).sum() / weights.sum().clamped(1, nil)
  }
}
