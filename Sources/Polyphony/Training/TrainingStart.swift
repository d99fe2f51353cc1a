import Torch

/// The data and settings of a run, for a hook that acts before the first step (``StepHook/begin(_:isStopped:)``).
public struct TrainingStart {
  /// The model, on its device, with its starting weights.
  public let model: MultimodalModel
  /// The samples to learn from, without ``InputCorruption``.
  public let training: LabelledSplit
  /// The samples that choose the best epoch, without ``InputCorruption``.
  public let validation: LabelledSplit
  /// The settings of the training, with class weights as numbers.
  public let settings: TrainingSettings
  /// The seed of the run.
  public let seed: UInt64
  /// The device that computes.
  public let device: Device

  /// Describes the start of a run, for loops other than ``Trainer``'s.
  public init(
    model: MultimodalModel, training: LabelledSplit, validation: LabelledSplit, settings: TrainingSettings,
    seed: UInt64, device: Device = .cpu
  ) {
    (self.model, self.training, self.validation) = (model, training, validation)
    (self.settings, self.seed, self.device) = (settings, seed, device)
  }
}
