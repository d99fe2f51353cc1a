import Foundation
import Torch

/// Trains the parameters of a model that require gradients, and chooses the best epoch on a validation split.
///
/// A run with a folder can be killed at any instant. The continued run ends with the same bits.
///
/// ```swift
/// let model = try ModelFolder.read("runs/base/model")
/// let data = try Dataset("mosi").fitted(to: model.configuration)
/// let trainer = try Trainer(
///   model, training: data.labelled("train"), validation: data.labelled("valid"), settings: TrainingSettings(),
///   seed: 0, folder: "runs/further")
/// let outcome = try trainer.run(resume: true)
/// ```
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

  /// Prepares a run, and seeds every random stream.
  ///
  /// - Parameters:
  ///   - model: the model.
  ///   - training: the samples to learn from.
  ///   - validation: the samples that choose the best epoch.
  ///   - settings: the settings of the training.
  ///   - seed: the seed of all random numbers.
  ///   - hook: the hook that acts in every step, such as a balancing strategy.
  ///   - corruption: a change of the inputs of training and validation, such as missing modalities.
  ///   - device: the device that computes.
  ///   - folder: the folder of checkpoints. Without it the run writes no files.
  ///   - origin: the hash of the starting weights. A checkpoint with other starting weights is refused.
  ///   - observers: the observers of the run.
  ///   - save: writes the chosen model or adapter, each time an epoch is better than all before.
  /// - Throws: `Fault(.usage)` for settings that do not fit the task.
  public init(
    _ model: MultimodalModel, training: LabelledSplit, validation: LabelledSplit, settings: TrainingSettings,
    seed: UInt64, hook: any StepHook = JointTraining(), corruption: (any InputCorruption)? = nil,
    device: Device = .cpu, folder: String? = nil, origin: String? = nil,
    observers: [any TrainingObserver] = [],
    save: @escaping (MultimodalModel, String) throws(Fault) -> Void = { (_, _) throws(Fault) in }
  ) throws(Fault) {
    let task = model.configuration.task
    let settings = try settings.weighted(for: training, task)
    (self.model, self.training, self.validation, self.settings) = (model, training, validation, settings)
    (self.folder, self.device, self.observers, self.save) = (folder, device, observers, save)
    self.corruption = corruption
    let loss = try settings.makeLoss(task)
    Libtorch.seed(seed)
    stepper = TrainingStepper(model, settings: settings, loss: loss, hook: hook)
    sampler = BatchSampler(count: training.count, batchSize: settings.batchSize, seed: seed)
    state = TrainingState(
      schedule: settings.makeSchedule(stepsPerEpoch: sampler.batchCount), seed: seed, settings: settings,
      corruption: corruption?.name)
    state.origin = origin
  }

  /// Trains to the end, or until the user stops the run. At the end the model has its best weights.
  ///
  /// - Parameter resume: true to continue from the folder's checkpoint, if there is one.
  /// - Throws: `Fault(.failure)` for a loss that is not a number. The last checkpoint and the best model stay on disk.
  public func run(resume: Bool = false) throws(Fault) -> TrainingOutcome {
    guard !model.trainableParameters().isEmpty else {
      // A baseline such as zero fill has no trained parameters. The model does not change.
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

  /// Trains one step on the samples with these indices, and updates the state.
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

  /// Scores the validation split, chooses the best epoch, informs the observers and writes the checkpoint.
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

  /// The tensors that training changes: parameters with gradients, and buffers.
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
    // The number of epochs may differ, so that a finished run can continue.
    comparable.epochs = settings.epochs
    guard comparable == settings, saved.seed == state.seed, saved.libtorch == state.libtorch,
      saved.corruption == state.corruption, saved.origin == nil || saved.origin == state.origin
    else {
      func words(_ state: TrainingState, _ settings: TrainingSettings) -> [String] {
        [
          "seed \(state.seed)", "libtorch \(state.libtorch)", "missing \(state.corruption ?? "nothing")",
          "started from \(state.origin ?? "random weights")",
        ] + Mirror(reflecting: settings).children.map { "\($0.label ?? "") \($0.value)" }
      }
      let differences = zip(words(saved, comparable), words(state, settings)).filter { $0 != $1 }
      throw Fault(
        .usage, "the checkpoint was written with other settings", file: path,
        found: differences.map(\.0).joined(separator: ", "), expected: differences.map(\.1).joined(separator: ", "),
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

  /// Gives the model the weights of its best epoch, and saves it again in case a kill interrupted the last save.
  private func restoreBest() throws(Fault) {
    let chosen = Dictionary(best.map { ($0.key, $0.tensor) }, uniquingKeysWith: { $1 })
    noGrad {
      for (key, tensor) in modelTensors() { if let source = chosen[key] { tensor.copyInPlace(from: source) } }
    }
    if let folder, !best.isEmpty { try save(model, folder) }
  }
}
