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
    let whole = BatchPart(first: 0, count: batch.count, of: batch.count)
    let part = StepPart(batch: batch, complete: complete, place: whole, share: 1)
    return step([part], epoch: epoch, index: index) { _ in }.loss
  }

  /// Learns from a batch that processes or accumulated steps may divide.
  ///
  /// With the share w_k of part k, the gradient is Σ_k w_k ∇L_k, and the statistics of a method are Σ_k w_k s_k. A random
  /// number belongs to a sample's place in the batch, so the division does not change it. Clipping, the check of the loss
  /// and the update see the sums. The parameters do not change if the loss is not a finite number.
  /// - Parameters:
  ///   - parts: the parts of this process. A whole batch is one part.
  ///   - stops: true if this process was asked to stop.
  ///   - sum: replaces the elements of a tensor by their sums over all processes.
  /// - Returns: The task's loss of the batch, and true if any process was asked to stop.
  func step<Failure>(
    _ parts: [StepPart], stops: Bool = false, epoch: Int, index: Int, sum: (Tensor) throws(Failure) -> Void
  ) throws(Failure) -> (loss: Double, stops: Bool) {
    let random = RandomPlace(isShared: parts.count > 1)
    defer { random.end() }
    let optimizers = [optimizer] + hook.ownOptimizers
    for optimizer in optimizers { optimizer.zeroGradients() }
    func forward(_ part: StepPart) -> TrainingStep {
      random.begin(part.place)
      return self.forward(part, epoch: epoch, index: index)
    }
    // A single part keeps its graph. Several parts at a time would need the memory that accumulation is to save.
    var kept = parts.count == 1 ? forward(parts[0]) : nil
    var statistics: [Tensor] = []
    if hook.needsStatistics {
      for (number, part) in parts.enumerated() {
        let own = kept.map(hook.statistics) ?? noGrad { hook.statistics(forward(part)) }
        let weighted = noGrad { own.map { $0 * part.share } }
        statistics = number == 0 ? weighted : zip(statistics, weighted).map { $0 + $1 }
      }
      for statistic in statistics { try sum(statistic) }
    }
    hook.use(statistics, epoch: epoch)
    var (loss, last): (Double, TrainingStep?) = (0, nil)
    for part in parts {
      var step = kept.take() ?? forward(part)
      step.statistics = statistics
      let (taskLoss, total) = (step.taskLoss.detached(), hook.loss(step))
      (part.share == 1 ? total : total * part.share).backward()
      loss += taskLoss.item * part.share
      last = step
    }
    for optimizer in optimizers {
      for block in optimizer.groups.map(\.parameters.gradients) where block.count > 0 { try sum(block) }
    }
    let outcome = Tensor([loss, stops ? 1 : 0])
    try sum(outcome)
    let sums = outcome.doubles
    guard let last, sums[0].isFinite else { return (sums[0], sums[1] > 0) }
    hook.adjustGradients(last)
    if clip > 0 { optimizer.clipGradients(norm: clip) }
    optimizer.step()
    hook.endStep(last)
    return (sums[0], sums[1] > 0)
  }

  /// Passes samples through the model.
  private func forward(_ part: StepPart, epoch: Int, index: Int) -> TrainingStep {
    let batch = part.batch
    let output =
      hook.needsEncodings
      ? model(batch.inputs, encodings: true, fusionInput: { hook.fusionInput($0, of: batch.inputs) })
      : model(batch.inputs)
    var step = TrainingStep(
      epoch: epoch, index: index, model: model, optimizer: optimizer, batch: batch, output: output, loss: loss,
      taskLoss: loss(output, batch.target), complete: part.complete)
    step.isPart = part.place.count < part.place.whole
    return step
  }
}
