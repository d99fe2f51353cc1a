import Torch

/// The interface between a balancing method and the training loop.
///
/// A step is forward (with ``fusionInput(_:of:)``), ``loss(_:)``, backward, ``adjustGradients(_:)``, clipping, update and ``endStep(_:)``. Every
/// requirement has a default that leaves joint training as it is.
///
/// ```swift
/// final class NormalizedGradients: StepHook {
///   func adjustGradients(_ step: TrainingStep) {
///     for group in step.optimizer.groups {
///       let norm = group.parameters.gradients.norm().item
///       if norm > 0 { group.parameters.gradients.multiplyInPlace(1 / norm) }
///     }
///   }
/// }
/// ```
public protocol StepHook: AnyObject {
  /// True if the hook needs the encoded modalities in ``TrainingStep/output``.
  var needsEncodings: Bool { get }
  /// Changes the encoded modalities on their way to the fusion, in training alone.
  ///
  /// The loop calls it if ``needsEncodings`` is true. ``TrainingStep/output`` holds the encoded modalities as they were
  /// before.
  func fusionInput(_ encoded: [Tokens], of inputs: Inputs) -> [Tokens]
  /// Acts before the first step of a run, and not where a run continues from a checkpoint.
  ///
  /// The hook may train something of its own on the same samples, such as teachers. It leaves the model as it was.
  /// - Returns: false if the user stopped it. The run then ends without a checkpoint.
  func begin(_ start: TrainingStart, isStopped: () -> Bool) throws(Fault) -> Bool
  /// The parameter groups to train, with their learning rates. Nil for one group of all parameters.
  func groups(_ model: MultimodalModel, _ settings: TrainingSettings) -> [ParameterGroup]?
  /// True if the method computes the same from parts of a batch as from the whole batch.
  ///
  /// Its loss is then a mean over samples, apart from what it takes from ``statistics(_:)``. The other requirements read
  /// no samples. Only such a method trains in several processes, or with accumulation.
  var takesParts: Bool { get }
  /// True if the method has ``statistics(_:)``.
  var needsStatistics: Bool { get }
  /// Means over the samples of a step that the method needs from the whole batch, such as the scores of modalities.
  ///
  /// The loop averages them over all parts of a batch, weighted by their samples, before it asks for the loss.
  func statistics(_ step: TrainingStep) -> [Tensor]
  /// Takes the statistics of a whole batch over, once in each step.
  func use(_ statistics: [Tensor], epoch: Int)
  /// Further optimisers of the method, whose gradients the loop sets to zero before a step and sums over processes.
  var ownOptimizers: [any Optimizer] { get }
  /// The loss to minimise, computed from the task's loss.
  func loss(_ step: TrainingStep) -> Tensor
  /// Changes gradients after backward.
  func adjustGradients(_ step: TrainingStep)
  /// Acts after the update.
  func endStep(_ step: TrainingStep)
  /// Acts after each epoch. The hook may score the model on the validation split.
  func endEpoch(_ epoch: Int, validation: LabelledSplit, model: MultimodalModel) throws(Fault)
  /// The numbers to log for the epoch that has just ended, such as the balancing terms.
  func metrics() -> [(name: String, value: Double)]
  /// The tensors that the next step depends on, by name.
  func state() -> [(key: String, tensor: Tensor)]
  /// Restores the tensors of an earlier ``state()``.
  func load(_ state: [String: Tensor], file: String?) throws(Fault)
}

extension StepHook {
  /// The statistics of the whole batch. A hook calls it in its first requirement of a step that reads them.
  func statisticsOfBatch(_ step: TrainingStep) -> [Tensor] {
    if let statistics = step.statistics { return statistics }
    let own = statistics(step)
    use(own, epoch: step.epoch)
    return own
  }

  /// Default: false.
  public var needsEncodings: Bool { false }
  /// Default: leaves the encoded modalities as they are.
  public func fusionInput(_ encoded: [Tokens], of inputs: Inputs) -> [Tokens] { encoded }
  /// Default: does nothing.
  public func begin(_ start: TrainingStart, isStopped: () -> Bool) throws(Fault) -> Bool { true }
  /// Default: one group of all parameters.
  public func groups(_ model: MultimodalModel, _ settings: TrainingSettings) -> [ParameterGroup]? { nil }
  /// Default: false.
  public var takesParts: Bool { false }
  /// Default: false.
  public var needsStatistics: Bool { false }
  /// Default: none.
  public func statistics(_ step: TrainingStep) -> [Tensor] { [] }
  /// Default: does nothing.
  public func use(_ statistics: [Tensor], epoch: Int) {}
  /// Default: none.
  public var ownOptimizers: [any Optimizer] { [] }
  /// Default: the task's loss.
  public func loss(_ step: TrainingStep) -> Tensor { step.taskLoss }
  /// Default: leaves the gradients as they are.
  public func adjustGradients(_ step: TrainingStep) {}
  /// Default: does nothing.
  public func endStep(_ step: TrainingStep) {}
  /// Default: does nothing.
  public func endEpoch(_ epoch: Int, validation: LabelledSplit, model: MultimodalModel) throws(Fault) {}
  /// Default: no numbers.
  public func metrics() -> [(name: String, value: Double)] { [] }
  /// Default: no tensors.
  public func state() -> [(key: String, tensor: Tensor)] { [] }
  /// Default: does nothing.
  public func load(_ state: [String: Tensor], file: String?) throws(Fault) {}
}

/// The data of one training step, for a hook.
public struct TrainingStep {
  /// The epoch, counted from 0.
  public let epoch: Int
  /// The step, counted from 0 over the whole run.
  public let index: Int
  /// The model in training mode.
  public let model: MultimodalModel
  /// The optimiser of the model.
  public let optimizer: any Optimizer
  /// The samples of the step.
  public let batch: Batch
  /// The output of the model for these samples.
  public let output: MultimodalModel.Output
  /// The loss as a function.
  public let loss: TaskLoss
  /// The loss of this batch.
  public let taskLoss: Tensor
  /// The samples before ``InputCorruption``. Nil without corruption.
  public var complete: Inputs? = nil
  /// The statistics of the whole batch. Nil in a loop that does not compute them; the hook then takes those of its samples.
  public var statistics: [Tensor]?
  /// True if the batch is a part of a larger one, whose other parts are computed elsewhere or at another time.
  public var isPart = false

  /// Makes a step, for loops other than ``Trainer``'s.
  public init(
    epoch: Int, index: Int, model: MultimodalModel, optimizer: any Optimizer, batch: Batch,
    output: MultimodalModel.Output, loss: TaskLoss, taskLoss: Tensor, complete: Inputs? = nil
  ) {
    (self.epoch, self.index, self.model, self.optimizer) = (epoch, index, model, optimizer)
    (self.batch, self.output, self.loss, self.taskLoss) = (batch, output, loss, taskLoss)
    self.complete = complete
  }
}

/// The strategy of joint training, which minimises the task's loss for all modalities at once.
public final class JointTraining: StepHook {
  /// Makes the strategy, which has no state.
  public init() {}

  /// Always true.
  public var takesParts: Bool { true }
}
