import Torch

extension StepBenchmark {
  /// A step of training with CGGM, as ``Trainer`` does it; beside it `train` is the same without.
  static func balance(_ setup: Setup, _ method: CGGMSettings = CGGMSettings()) throws(Fault) -> () -> Void {
    let (model, batch) = (setup.model, setup.batch)
    let strategy = try ClassifierGuidedModulation(method, model)
    let settings = TrainingSettings()
    let optimizer = settings.makeOptimizer(strategy.groups(model, settings) ?? [])
    let loss = TaskLoss(model.configuration.task)
    model.train()
    var index = 0
    return {
      optimizer.zeroGradients()
      let output = model(batch.inputs, encodings: strategy.needsEncodings)
      let step = TrainingStep(
        epoch: 0, index: index, model: model, optimizer: optimizer, batch: batch, output: output, loss: loss,
        taskLoss: loss(output.prediction, batch.target))
      strategy.loss(step).backward()
      strategy.adjustGradients(step)
      optimizer.clipGradients(norm: settings.clip)
      optimizer.step()
      strategy.endStep(step)
      _ = step.taskLoss.item
      index += 1
    }
  }
}
