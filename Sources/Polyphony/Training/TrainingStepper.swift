import Torch

/// The training step: forward, loss, backward, clipping, update, with a hook in between.
///
/// ``Trainer`` and the benchmarks share this code.
package struct TrainingStepper {
  /// The model.
  let model: MultimodalModel
  /// The optimiser of the parameters that require gradients.
  let optimizer: any Optimizer
  /// The loss of the task.
  let loss: TaskLoss
  /// The hook that acts in the step.
  let hook: any StepHook
  /// The largest gradient norm. 0 means no clipping.
  let clip: Double

  /// Makes a step for the parameters of a model that require gradients.
  ///
  /// - Parameters:
  ///   - model: the model.
  ///   - settings: the optimiser, learning rate and clipping.
  ///   - loss: the loss. Default: the task's usual one.
  ///   - hook: the hook that chooses the parameter groups and acts in every step.
  package init(
    _ model: MultimodalModel, settings: TrainingSettings, loss: TaskLoss? = nil,
    hook: any StepHook = JointTraining()
  ) {
    (self.model, self.hook, self.clip) = (model, hook, settings.clip)
    self.loss = loss ?? TaskLoss(model.configuration.task)
    let groups =
      hook.groups(model, settings)
      ?? ParameterGroup.make("all", model.trainableParameters(), of: model.backbone, settings)
    optimizer = settings.makeOptimizer(groups)
  }

  /// Learns from a batch.
  ///
  /// - Parameters:
  ///   - batch: the samples as the model sees them, on its device.
  ///   - complete: the same samples before ``InputCorruption``. Default: no corruption.
  ///   - epoch: the epoch, counted from 0.
  ///   - index: the step, counted from 0 over the whole run.
  /// - Returns: the task's loss. The parameters do not change if the loss is not a finite number.
  @discardableResult
  package func step(_ batch: Batch, complete: Inputs? = nil, epoch: Int = 0, index: Int = 0) -> Double {
    clearGradients()
    var step = forward(batch, complete: complete, epoch: epoch, index: index)
    let statistics = hook.needsStatistics ? hook.statistics(step) : []
    hook.use(statistics, epoch: epoch)
    step.statistics = statistics
    let taskLoss = step.taskLoss.detached()
    hook.loss(step).backward()
    let value = taskLoss.item
    update(step, loss: value)
    return value
  }

  /// Adjusts, clips and applies the gradients of a batch, unless its loss is not a finite number.
  func update(_ step: TrainingStep, loss: Double) {
    guard loss.isFinite else { return }
    hook.adjustGradients(step)
    if clip > 0 { optimizer.clipGradients(norm: clip) }
    optimizer.step()
    hook.endStep(step)
  }

  /// All optimisers of a step.
  var optimizers: [any Optimizer] { [optimizer] + hook.ownOptimizers }

  /// Sets the gradients of all optimisers to zero.
  func clearGradients() { for optimizer in optimizers { optimizer.zeroGradients() } }

  /// Passes samples through the model.
  func forward(_ batch: Batch, complete: Inputs?, epoch: Int, index: Int) -> TrainingStep {
    let output =
      hook.needsEncodings
      ? model(batch.inputs, encodings: true, fusionInput: { hook.fusionInput($0, of: batch.inputs) })
      : model(batch.inputs)
    return TrainingStep(
      epoch: epoch, index: index, model: model, optimizer: optimizer, batch: batch, output: output, loss: loss,
      taskLoss: loss(output.prediction, batch.target), complete: complete)
  }
}
