import Torch

/// What a balancing method may do in a training step; the loop knows nothing else of it.
///
/// A step is: forward, ``loss(_:)``, backward, ``adjustGradients(_:)``, clipping, update, ``endStep(_:)``. Every part
/// has a default that leaves joint training as it is.
public protocol StepHook: AnyObject {
  /// Whether ``TrainingStep/output`` shall hold the encoded modalities.
  var needsEncodings: Bool { get }
  /// The parameter groups to train, with their learning rates; nil for one group of all.
  func groups(_ model: MultimodalModel, _ settings: TrainingSettings) -> [ParameterGroup]?
  /// The loss to minimise, from the task's.
  func loss(_ step: TrainingStep) -> Tensor
  /// Changes gradients after backward.
  func adjustGradients(_ step: TrainingStep)
  /// Called after the update.
  func endStep(_ step: TrainingStep)
  /// Called after each epoch with what the model scores on the validation split.
  func endEpoch(_ epoch: Int, validation: LabelledSplit, model: MultimodalModel) throws(Fault)
  /// Numbers to log for the epoch that has just ended, such as the balancing terms.
  func metrics() -> [(name: String, value: Double)]
  /// Tensors that the next step depends on, by name.
  func state() -> [(key: String, tensor: Tensor)]
  /// Takes over what ``state()`` gave.
  func load(_ state: [String: Tensor], file: String?) throws(Fault)
}

extension StepHook {
  /// No.
  public var needsEncodings: Bool { false }
  /// One group of all.
  public func groups(_ model: MultimodalModel, _ settings: TrainingSettings) -> [ParameterGroup]? { nil }
  /// The task's loss.
  public func loss(_ step: TrainingStep) -> Tensor { step.taskLoss }
  /// Nothing.
  public func adjustGradients(_ step: TrainingStep) {}
  /// Nothing.
  public func endStep(_ step: TrainingStep) {}
  /// Nothing.
  public func endEpoch(_ epoch: Int, validation: LabelledSplit, model: MultimodalModel) throws(Fault) {}
  /// None.
  public func metrics() -> [(name: String, value: Double)] { [] }
  /// None.
  public func state() -> [(key: String, tensor: Tensor)] { [] }
  /// Nothing.
  public func load(_ state: [String: Tensor], file: String?) throws(Fault) {}
}

/// One training step as a strategy sees it.
public struct TrainingStep {
  /// Counted from 0.
  public let epoch: Int
  /// Counted from 0 over the whole run.
  public let index: Int
  /// The model in training form.
  public let model: MultimodalModel
  /// The optimiser of the model.
  public let optimizer: any Optimizer
  /// The samples.
  public let batch: Batch
  /// What the model makes of them.
  public let output: MultimodalModel.Output
  /// The loss as a function.
  public let loss: TaskLoss
  /// The loss of this batch.
  public let taskLoss: Tensor
  /// The samples before ``InputCorruption``; those of the batch where there is none.
  public var complete: Inputs? = nil

  /// A step, for loops other than ``Trainer``'s.
  public init(
    epoch: Int, index: Int, model: MultimodalModel, optimizer: any Optimizer, batch: Batch,
    output: MultimodalModel.Output, loss: TaskLoss, taskLoss: Tensor, complete: Inputs? = nil
  ) {
    (self.epoch, self.index, self.model, self.optimizer) = (epoch, index, model, optimizer)
    (self.batch, self.output, self.loss, self.taskLoss) = (batch, output, loss, taskLoss)
    self.complete = complete
  }
}

/// Joint training: the task's loss alone, for all modalities at once.
public final class JointTraining: StepHook {
  /// The strategy; it has no state.
  public init() {}
}
