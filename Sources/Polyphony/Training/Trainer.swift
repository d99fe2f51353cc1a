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
  private let seed: UInt64
  private let corruption: (any InputCorruption)?
  private let augmentation: ImageAugmentation?
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
    // Lost steps change what an encoder reads, so its states differ between epochs.
    let keepsStates = corruption?.losesSteps != true
    self.training = keepsStates ? training.withFixedStates(of: model.backbone) : training
    self.validation = keepsStates ? validation.withFixedStates(of: model.backbone) : validation
    (self.model, self.settings, self.seed) = (model, settings, seed)
    (self.folder, self.device, self.observers, self.save) = (folder, device, observers, save)
    self.corruption = corruption
    augmentation = try settings.makeAugmentation(task, seed: seed)
    let loss = try settings.makeLoss(task)
    Libtorch.seed(seed)
    stepper = TrainingStepper(model, settings: settings, loss: loss, hook: hook)
    sampler = BatchSampler(count: training.count, batchSize: settings.batchSize, seed: seed)
    state = TrainingState(
      schedule: settings.makeSchedule(stepsPerEpoch: sampler.batchCount), epochs: settings.epochs)
    // Only a checkpoint needs the identity, and hashes of samples take a moment.
    if folder != nil { state.identity = identity(seed, origin, training, validation) }
  }

  /// Trains to the end, or until the user stops the run. At the end the model has its best weights.
  ///
  /// - Parameters:
  ///   - resume: true to continue from the folder's checkpoint, if there is one.
  ///   - isStopped: returns true after a stop request; the loop calls it after every step.
  /// - Throws: `Fault(.failure)` for a loss that is not a number. The last checkpoint and the best model stay on disk.
  ///   `Fault(.usage)` for the checkpoint of another run, `Fault(.badData)` for a damaged one.
  public func run(
    resume: Bool = false, isStopped: () -> Bool = { StopSignal.isRequested }
  ) throws(Fault) -> TrainingOutcome {
    guard !model.trainableParameters().isEmpty else {
      // A baseline such as zero fill has no trained parameters. The model does not change.
      if let folder { try save(model, folder) }
      return outcome(stopped: false)
    }
    if resume { try restore() }
    if state.step == 0 {
      let start = TrainingStart(
        model: model, training: training, validation: validation, settings: settings, seed: seed, device: device)
      guard try stepper.hook.begin(start, isStopped: isStopped) else { return outcome(stopped: true) }
    }
    let rates = stepper.optimizer.groups.map(\.learningRate)
    for observer in observers { try observer.willStart(completedEpochs: state.epoch, step: state.step) }
    model.train()
    while state.epoch < settings.epochs, !isPastPatience {
      for indices in sampler.epoch(state.epoch).dropFirst(state.stepInEpoch) {
        for (group, rate) in zip(stepper.optimizer.groups, rates) { group.learningRate = rate * state.schedule.factor }
        try step(indices)
        if state.stepInEpoch < sampler.batchCount, isStopped() { return try stop() }
      }
      try endEpoch()
      if state.epoch < settings.epochs, isStopped() { return try stop() }
    }
    try restoreBest()
    return outcome(stopped: false)
  }

  /// Trains one step on the samples with these indices, and updates the state.
  private func step(_ indices: [Int]) throws(Fault) {
    let samples = training.batch(indices)
    let complete = augmentation?(samples, indices: indices, epoch: state.epoch) ?? samples
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
    try Checkpoint.write(
      [
        ("model", modelTensors().map { (model.backbone.fileKey($0.key), $0.tensor) }),
        ("optimizer", stepper.optimizer.state()), ("strategy", stepper.hook.state()), ("best", best),
      ], state, to: "\(folder)/checkpoint")
  }

  private func restore() throws(Fault) {
    guard let folder, let saved = try Checkpoint<TrainingState>(at: "\(folder)/checkpoint") else { return }
    try state.identity.check(resuming: saved.state.identity, file: saved.path)
    try saved.state.check(resumedBy: state, sampler, file: "\(saved.path)/state.json")
    let own = modelTensors()
    let weights = try matched(own, saved, "model") { model.backbone.fileKey($0) }
    let chosen = saved.state.bestEpoch > 0 ? try matched(own, saved, "best") { $0 } : []
    noGrad { for (entry, source) in zip(own, weights) { entry.tensor.copyInPlace(from: source) } }
    try stepper.optimizer.load(try saved.tensors("optimizer"), file: saved.file("optimizer"))
    try stepper.hook.load(try saved.tensors("strategy"), file: saved.file("strategy"))
    best = zip(own, chosen).map { ($0.key, $1) }
    let before = saved.state.arithmetic
    let machine =
      before == Libtorch.arithmetic
      ? nil : "resumed with \(Libtorch.arithmetic), begun with \(before): the last bits will differ"
    for text in [saved.warning, machine].compactMap(\.self) { for observer in observers { observer.note(text) } }
    state = saved.state
    (state.epochs, state.arithmetic) = (settings.epochs, Libtorch.arithmetic)
    try state.restoreRandomness(file: "\(saved.path)/state.json")
  }

  /// The tensors of a checkpoint's file that belong to this run's own tensors, in their order.
  private func matched(
    _ own: [(key: String, tensor: Tensor)], _ saved: Checkpoint<TrainingState>, _ name: String,
    _ renamed: (String) -> String
  ) throws(Fault) -> [Tensor] {
    let tensors = try saved.tensors(name)
    var result: [Tensor] = []
    for (key, tensor) in own {
      let key = renamed(key)
      guard let source = tensors[key], source.shape == tensor.shape else {
        throw Fault(
          .badData, "the checkpoint does not fit this model", file: saved.file(name), key: key,
          found: tensors[key]?.description ?? "no such tensor", expected: tensor.description,
          remedy: "resume with the run's recipe, or choose another output folder")
      }
      result.append(source)
    }
    return result
  }

  /// The identity that a resumed run must share, with the samples as the data have them.
  private func identity(
    _ seed: UInt64, _ origin: String?, _ training: LabelledSplit, _ validation: LabelledSplit
  ) -> RunIdentity {
    var identity = RunIdentity([
      "seed": "\(seed)", "libtorch": Libtorch.version, "missing": corruption?.name, "model": origin,
    ])
    identity.add("training", settings.identity)
    if !model.backbone.inputEncoders.isEmpty {
      identity.add("training", ["encoder_rate": .number(settings.encoderRate)])
    }
    for (name, split) in [("train", training), ("valid", validation)] {
      identity.add(data: name, split.hashes(model.configuration.modalities))
    }
    return identity
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
