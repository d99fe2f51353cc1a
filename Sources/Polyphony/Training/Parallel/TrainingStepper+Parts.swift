import Torch

/// Some samples of a batch, with their share in its mean loss.
struct StepPart {
  /// The samples as the model sees them, on its device.
  var batch: Batch
  /// The same samples before ``InputCorruption``; nil without corruption.
  var complete: Inputs?
  /// The place of the samples in the batch.
  var place: BatchPart
  /// The share of the samples in the mean loss of the batch.
  var share: Double
}

extension TrainingStepper {
  /// Learns from a batch that processes or accumulated steps divide.
  ///
  /// With the share w_k of part k, the gradient is Σ_k w_k ∇L_k, and the statistics of a method are Σ_k w_k s_k. A random
  /// number belongs to a sample's place in the batch, so the division does not change it. Clipping, the check of the loss
  /// and the update see the sums.
  /// - Parameters:
  ///   - parts: the parts of this process.
  ///   - group: the group of processes; nil for one process.
  ///   - stops: true if this process was asked to stop.
  /// - Returns: The task's loss of the batch, and true if any process was asked to stop.
  func step(
    _ parts: [StepPart], of group: ProcessGroup?, stops: Bool, epoch: Int, index: Int
  ) throws(Fault) -> (loss: Double, stops: Bool) {
    let random = RandomPlace()
    defer { random.end() }
    clearGradients()
    func forward(_ part: StepPart) -> TrainingStep {
      random.begin(part.place)
      var step = self.forward(part.batch, complete: part.complete, epoch: epoch, index: index)
      step.isPart = true
      return step
    }
    // A single part keeps its graph. Several parts at a time would need the memory that accumulation is to save.
    var kept = parts.count == 1 ? forward(parts[0]) : nil
    var statistics: [Tensor] = []
    if hook.needsStatistics {
      for (number, part) in parts.enumerated() {
        let own = kept.map(hook.statistics) ?? noGrad { hook.statistics(forward(part)) }
        let weighted = noGrad { own.map { $0.detached() * part.share } }
        statistics = number == 0 ? weighted : zip(statistics, weighted).map { $0 + $1 }
      }
      if let group { for statistic in statistics { try group.sum(statistic) } }
    }
    hook.use(statistics, epoch: epoch)
    var (loss, last): (Double, TrainingStep?) = (0, nil)
    for part in parts {
      var step = kept.take() ?? forward(part)
      step.statistics = statistics
      loss += step.taskLoss.detached().item * part.share
      (hook.loss(step) * part.share).backward()
      last = step
    }
    var sums = [loss, stops ? 1 : 0]
    if let group {
      for optimizer in optimizers {
        for block in optimizer.groups.map(\.parameters.gradients) where block.count > 0 { try group.sum(block) }
      }
      let both = Tensor(sums)
      try group.sum(both)
      sums = both.doubles
    }
    if let last { update(last, loss: sums[0]) }
    return (sums[0], sums[1] > 0)
  }
}

/// The random streams at the start of a step, from which each of its parts draws.
private struct RandomPlace {
  private let stream = DropoutStream.shared
  private let dropout = DropoutStream.shared.state
  private let generator = Generator.standard.state

  /// Lets the next draws be those of a part.
  func begin(_ part: BatchPart) {
    (stream.state, stream.part) = (dropout, part)
    try? Generator.standard.restore(generator)
  }

  /// Lets the next draws be those of whole batches again.
  func end() { stream.part = nil }
}
