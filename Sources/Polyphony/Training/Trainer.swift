import Foundation
import Torch

/// Trains whatever parameters of a model require gradients, chooses the best epoch on a validation split.
///
/// A run with a folder can be killed at any instant and continued: the continued run ends with the same bits.
public final class Trainer {
  private let model: MultimodalModel
  private let training: LabelledSplit
  private let validation: LabelledSplit
  private let settings: TrainingSettings
  private let corruption: (any InputCorruption)?
  private let folder: String?
  private let device: Device
  private let observers: [any TrainingObserver]
  private let save: (MultimodalModel, String) throws(Fault) -> Void

  private let stepper: TrainingStepper
  private let sampler: BatchSampler
  private var state: TrainingState
  private var best: [(key: String, tensor: Tensor)] = []

  /// Prepares a run. Seeds every random stream.
  ///
  /// - Parameters:
  ///   - model: the model.
  ///   - training: what is learned from.
  ///   - validation: where the best epoch is chosen.
  ///   - settings: how to train.
  ///   - seed: what every random number follows from.
  ///   - hook: acts in every step, such as a balancing stepper.hook.
  ///   - corruption: changes the inputs of training and validation first, such as taking modalities away.
  ///   - device: where to compute.
  ///   - folder: where checkpoints go; without it the run leaves nothing on disk.
  ///   - origin: what weights the model starts with, by hash; a checkpoint that started from others is refused.
  ///   - observers: who watches.
  ///   - save: writes the chosen model or adapter, each time an epoch is better than all before.
  /// - Throws: `Fault(.usage)` for settings that the task cannot have.
  public init(
    _ model: MultimodalModel, training: LabelledSplit, validation: LabelledSplit, settings: TrainingSettings,
    seed: UInt64, hook: any StepHook = JointTraining(), corruption: (any InputCorruption)? = nil,
    device: Device = .cpu, folder: String? = nil, origin: String? = nil,
    observers: [any TrainingObserver] = [],
    save: @escaping (MultimodalModel, String) throws(Fault) -> Void = { (_, _) throws(Fault) in }
  ) throws(Fault) {
    (self.model, self.training, self.validation, self.settings) = (model, training, validation, settings)
    (self.folder, self.device, self.observers, self.save) = (folder, device, observers, save)
    self.corruption = corruption
    let task = model.configuration.task
    let loss = try TaskLoss(settings.loss ?? TaskLoss(task).form, for: task, classWeights: settings.classWeights)
    Libtorch.seed(seed)
    stepper = TrainingStepper(model, settings: settings, loss: loss, hook: hook)
    sampler = BatchSampler(count: training.count, batchSize: settings.batchSize, seed: seed)
    state = TrainingState(
      schedule: settings.makeSchedule(stepsPerEpoch: sampler.batchCount), seed: seed, settings: settings,
      corruption: corruption?.name)
    state.origin = origin
  }

  /// Runs to the end, or until a stop is asked for; the model then has its best weights.
  ///
  /// - Parameter resume: continues from the folder's checkpoint, if it has one.
  /// - Throws: `Fault(.failure)` where the loss is not a number; the last checkpoint and the best model stay.
  public func run(resume: Bool = false) throws(Fault) -> TrainingOutcome {
    guard !model.trainableParameters().isEmpty else {
      // A baseline such as zero fill trains nothing: the model is what it was.
      if let folder { try save(model, folder) }
      return outcome(stopped: false)
    }
    if resume { try restore() }
    let rates = stepper.optimizer.groups.map(\.learningRate)
    for observer in observers { try observer.willStart(completedEpochs: state.epoch, step: state.step) }
    model.train()
    while state.epoch < settings.epochs, !isPastPatience {
      for indices in sampler.epoch(state.epoch).dropFirst(state.stepInEpoch) {
        for (group, rate) in zip(stepper.optimizer.groups, rates) { group.learningRate = rate * state.schedule.factor }
        try step(indices)
        if StopSignal.isRequested, state.stepInEpoch < sampler.batchCount { return try stop() }
      }
      try endEpoch()
      if StopSignal.isRequested, state.epoch < settings.epochs { return try stop() }
    }
    try restoreBest()
    return outcome(stopped: false)
  }

  /// One step of training on the samples with these places, and what is noted of it.
  private func step(_ indices: [Int]) throws(Fault) {
    let complete = training.batch(indices)
    var batch = complete.to(device)
    if let corruption {
      batch.inputs = corruption.training(complete.inputs, indices: indices, epoch: state.epoch).to(device)
    }
    let value = stepper.step(
      batch, complete: corruption == nil ? nil : complete.inputs.to(device), epoch: state.epoch, index: state.step)
    guard value.isFinite else { throw notANumber(value) }
    state.schedule.endStep()
    state.step += 1
    state.stepInEpoch += 1
    state.lossSum += value * Double(batch.count)
    state.sampleCount += batch.count
    let progress = TrainingStatus(
      epoch: state.epoch + 1, epochs: settings.epochs, step: state.stepInEpoch, steps: sampler.batchCount,
      loss: state.lossSum / Double(state.sampleCount), best: state.best, samples: batch.count)
    for observer in observers { observer.didStep(progress) }
  }

  /// Validation, choice of the best, log, checkpoint.
  private func endEpoch() throws(Fault) {
    let evaluation = try model.evaluate(
      validation, loss: stepper.loss, device: device,
      prepare: { corruption?.validation($0, indices: $1) ?? $0 })
    try stepper.hook.endEpoch(state.epoch, validation: validation, model: model)
    let score = try self.score(evaluation)
    let isBest = best.isEmpty || direction.improves(score, on: state.best)
    let record = EpochRecord(
      epoch: state.epoch + 1, epochs: settings.epochs, step: state.step,
      trainingLoss: state.lossSum / Double(state.sampleCount),
      validation: evaluation, learningRate: stepper.optimizer.groups[0].learningRate, isBest: isBest,
      extra: stepper.hook.metrics())
    state.schedule.endEpoch(loss: evaluation.loss)
    state.epoch += 1
    (state.stepInEpoch, state.lossSum, state.sampleCount) = (0, 0, 0)
    if isBest {
      state.best = score
      state.bestEpoch = state.epoch
      best = noGrad { modelTensors().map { ($0.key, $0.tensor.copy()) } }
    }
    for observer in observers { try observer.didEndEpoch(record) }
    try writeCheckpoint()
    if isBest, let folder { try save(model, folder) }
  }

  private var isPastPatience: Bool {
    settings.earlyStop > 0 && state.epoch - state.bestEpoch >= settings.earlyStop
  }

  private var direction: MetricDirection { MetricDirection(metric: settings.select) }

  private func score(_ evaluation: Evaluation) throws(Fault) -> Double? {
    if settings.select == "loss" { return evaluation.loss }
    guard evaluation.metrics.contains(settings.select) else {
      throw Fault(
        .usage, "the task has no such metric", key: "training.select", found: settings.select,
        expected: (["loss"] + evaluation.metrics.names).joined(separator: ", "))
    }
    return evaluation.metrics[settings.select]
  }

  private func outcome(stopped: Bool) -> TrainingOutcome {
    TrainingOutcome(bestEpoch: state.bestEpoch, bestScore: state.best, epochs: state.epoch, wasStopped: stopped)
  }

  private func stop() throws(Fault) -> TrainingOutcome {
    try writeCheckpoint()
    return outcome(stopped: true)
  }

  private func notANumber(_ value: Double) -> Fault {
    Fault(
      .failure, "the loss is not a finite number, training stops", file: folder.map { "\($0)/checkpoint" },
      key: "epoch \(state.epoch + 1), step \(state.stepInEpoch + 1)", found: "\(value)",
      expected: "a finite loss",
      remedy: folder == nil || state.epoch == 0
        ? "lower training.learning_rate or set training.clip"
        : "the state after epoch \(state.epoch) is kept there, the best model beside it; lower training.learning_rate "
          + "or set training.clip")
  }

  // Saving and restoring

  /// What training changes: parameters with gradients, and buffers.
  private func modelTensors() -> [(key: String, tensor: Tensor)] {
    let buffers = model.backbone.storage().filter { !$0.storage.isTrainable }
    return (model.trainableParameters() + buffers).map { ($0.key, $0.storage.tensor!.detached()) }
  }

  private func writeCheckpoint() throws(Fault) {
    guard let folder else { return }
    state.captureRandomness()
    let tensors = Checkpoint.Tensors(
      model: modelTensors().map { (model.backbone.fileKey($0.key), $0.tensor) }, optimizer: stepper.optimizer.state(),
      strategy: stepper.hook.state(), best: best)
    try Checkpoint.write(tensors, state, to: "\(folder)/checkpoint")
  }

  private func restore() throws(Fault) {
    guard let folder, let saved = try Checkpoint.state(at: "\(folder)/checkpoint") else { return }
    let path = "\(folder)/checkpoint"
    var comparable = saved.settings
    // More epochs than before are no contradiction: a finished run may be continued.
    comparable.epochs = settings.epochs
    guard comparable == settings, saved.seed == state.seed, saved.libtorch == state.libtorch,
      saved.corruption == state.corruption, saved.origin == nil || saved.origin == state.origin
    else {
      func words(_ state: TrainingState) -> String {
        "seed \(state.seed), libtorch \(state.libtorch), missing \(state.corruption ?? "nothing"), "
          + "started from \(state.origin ?? "random weights"), \(state.settings)"
      }
      throw Fault(
        .usage, "the checkpoint was written with other settings", file: path, found: words(saved),
        expected: words(state),
        remedy: "resume with the run's recipe, or choose another output folder")
    }
    let own = modelTensors()
    let weights = try Checkpoint.tensors("model", at: path)
    for (key, tensor) in own {
      let name = model.backbone.fileKey(key)
      guard let source = weights[name], source.shape == tensor.shape else {
        throw Fault(
          .badData, "the checkpoint does not fit this model", file: "\(path)/model.safetensors", key: name,
          found: weights[name]?.description ?? "no such tensor", expected: tensor.description,
          remedy: "resume with the run's recipe, or choose another output folder")
      }
      noGrad { tensor.copyInPlace(from: source) }
    }
    try stepper.optimizer.load(try Checkpoint.tensors("optimizer", at: path), file: "\(path)/optimizer.safetensors")
    try stepper.hook.load(try Checkpoint.tensors("strategy", at: path), file: "\(path)/strategy.safetensors")
    let chosen = try Checkpoint.tensors("best", at: path)
    best = own.compactMap { entry in chosen[entry.key].map { (entry.key, $0) } }
    if let before = saved.arithmetic, before != Libtorch.arithmetic {
      let text = "resumed with \(Libtorch.arithmetic), begun with \(before): the last bits will differ"
      for observer in observers { observer.note(text) }
    }
    state = saved
    state.settings = settings
    state.arithmetic = Libtorch.arithmetic
    try state.restoreRandomness(file: path)
  }

  /// Gives the model the weights of its best epoch, and writes it where the last write may have been cut off.
  private func restoreBest() throws(Fault) {
    let chosen = Dictionary(best.map { ($0.key, $0.tensor) }, uniquingKeysWith: { $1 })
    noGrad {
      for (key, tensor) in modelTensors() { if let source = chosen[key] { tensor.copyInPlace(from: source) } }
    }
    if let folder, !best.isEmpty { try save(model, folder) }
  }
}
