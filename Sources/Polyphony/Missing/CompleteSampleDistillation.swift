import Torch

/// Teaches incomplete samples the representation that the same model has of the complete ones.
///
/// L = L_task + λ · mean (r(x) − r(x*))² / mean r(x*)², where x* is the sample before the run has taken modalities away. r(x*)
/// is computed without dropout and gets no gradient. A batch that lost nothing has the task's loss alone.
final class CompleteSampleDistillation: StepHook {
  private let weight: Double

  /// - Parameter weight: λ.
  init(weight: Double) { self.weight = weight }

  func loss(_ step: TrainingStep) -> Tensor {
    guard step.batch.inputs.presence != nil, let complete = step.complete else { return step.taskLoss }
    let taught = step.model.evaluating { noGrad { step.model(complete).representation } }
    let scale = 1 / max(taught.squared().mean().item, 1e-12)
    return step.taskLoss + (step.output.representation - taught).squared().mean() * (weight * scale)
  }
}
