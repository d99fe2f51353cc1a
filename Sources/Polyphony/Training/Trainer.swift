import Foundation
import Torch

/// Trains the parameters of a model that require gradients, and chooses the best epoch on a validation split.
///
/// A run with a folder can be killed at any instant. The continued run ends with the same bits.
///
/// In a ``Torch/ProcessGroup``, every process trains the same model on its part of every batch. The results are those of one
/// process, up to the order of sums. The process 0 decides, and it alone has a folder.
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
  let model: MultimodalModel
  let training: LabelledSplit
  let validation: LabelledSplit
  let settings: TrainingSettings
  private let seed: UInt64
  let corruption: (any InputCorruption)?
  private let augmentation: ImageAugmentation?
  private let patches: PatchSampling?
  let folder: String?
  private let device: Device
  private let division: BatchDivision
  let observers: [any TrainingObserver]
  let save: (MultimodalModel, String) throws(Fault) -> Void

  let stepper: TrainingStepper
  let sampler: BatchSampler
  var state: TrainingState
  var best: [(key: String, tensor: Tensor)] = []

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
  ///   - group: the processes that train together. Default: those of the program.
  ///   - save: writes the chosen model or adapter, each time an epoch is better than all before.
  /// - Throws: `Fault(.usage)` for settings that do not fit the task, and for a method that needs whole batches where
  ///   batches are divided.
  public init(
    _ model: MultimodalModel, training: LabelledSplit, validation: LabelledSplit, settings: TrainingSettings,
    seed: UInt64, hook: any StepHook = JointTraining(), corruption: (any InputCorruption)? = nil,
    device: Device = .cpu, folder: String? = nil, origin: String? = nil,
    observers: [any TrainingObserver] = [], group: ProcessGroup? = .current,
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
    patches = try settings.makePatches(model.configuration, training, seed: seed)
    let loss = try settings.makeLoss(task)
    division = BatchDivision(group: group, accumulate: settings.accumulate)
    try division.check(model, hook)
    Libtorch.seed(seed)
    stepper = TrainingStepper(model, settings: settings, loss: loss, hook: hook)
    sampler = BatchSampler(
      count: training.count * (patches?.perSample ?? 1), batchSize: settings.batchSize, seed: seed)
    state = TrainingState(
      schedule: settings.makeSchedule(stepsPerEpoch: sampler.batchCount), epochs: settings.epochs)
    // Only a checkpoint and a group need the identity, and hashes of samples take a moment.
    if folder != nil || group != nil { state.identity = identity(seed, origin, training, validation) }
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
    try division.group?.agree(
      on: state.identity, ["epochs": .integer(settings.epochs), "accumulate": .integer(settings.accumulate)])
    try restore(resume: resume, from: division.group)
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
        let stops = try step(indices, isStopped)
        if state.stepInEpoch < sampler.batchCount, stops ?? isStopped() { return try stop() }
      }
      try endEpoch()
      if state.epoch < settings.epochs, try division.holds(isStopped()) { return try stop() }
    }
    try restoreBest()
    return outcome(stopped: false)
  }

  /// Trains one step on the samples with these indices, and updates the state.
  /// - Returns: In a group, true if any process was asked to stop. Otherwise nil.
  private func step(_ indices: [Int], _ isStopped: () -> Bool) throws(Fault) -> Bool? {
    let group = division.group
    let weights = division.count > 1 ? stepper.loss.sampleWeights(training.target, rows(indices)) : nil
    let parts = division.parts(of: indices.count, weights: weights).map { range, share in
      let samples = part(Array(indices[range]))
      let place = BatchPart(first: range.lowerBound, count: range.count, of: indices.count)
      return StepPart(batch: samples.batch, complete: samples.complete, place: place, share: share)
    }
    let (value, stops) = try stepper.step(
      parts, stops: group != nil && isStopped(), epoch: state.epoch, index: state.step
    ) { (tensor) throws(Fault) in try group?.sum(tensor) }
    guard value.isFinite else { throw notANumber(value) }
    state.schedule.endStep()
    state.step += 1
    state.stepInEpoch += 1
    state.lossSum += value * Double(indices.count)
    state.sampleCount += indices.count
    let progress = TrainingStatus(
      epoch: state.epoch + 1, epochs: settings.epochs, step: state.stepInEpoch, steps: sampler.batchCount,
      loss: state.lossSum / Double(state.sampleCount), best: state.best, samples: indices.count)
    for observer in observers { observer.didStep(progress) }
    return group == nil ? nil : stops
  }

  /// The samples or patches with these numbers as a step sees them, and before corruption.
  private func part(_ indices: [Int]) -> (batch: Batch, complete: Inputs?) {
    let samples = patches?.batch(of: training, indices, epoch: state.epoch) ?? training.batch(indices)
    let complete = augmentation?(samples, indices: indices, epoch: state.epoch) ?? samples
    guard let corruption else { return (complete.to(device), nil) }
    var batch = complete
    batch.inputs = corruption.training(complete.inputs, indices: rows(indices), epoch: state.epoch)
    return (batch.to(device), complete.inputs.to(device))
  }

  /// The places of samples in the training split, from their numbers or those of their patches.
  private func rows(_ indices: [Int]) -> [Int] { indices.map { $0 % training.count } }

  /// Scores the validation split, chooses the best epoch, informs the observers and writes the checkpoint.
  private func endEpoch() throws(Fault) {
    let evaluation = try model.evaluate(
      validation, loss: stepper.loss, device: device, group: division.group,
      prepare: { corruption?.validation($0, indices: $1) ?? $0 })
    try stepper.hook.endEpoch(state.epoch, validation: validation, model: model)
    var (score, loss) = (try self.score(evaluation), evaluation.loss)
    // Machines may differ in the last bits. A group decides by the numbers of the process 0.
    if let group = division.group { (score, loss) = (try group.number(score), try group.number(loss) ?? loss) }
    let isBest = best.isEmpty || direction.improves(score, on: state.best)
    let record = EpochRecord(
      epoch: state.epoch + 1, epochs: settings.epochs, step: state.step,
      trainingLoss: state.lossSum / Double(state.sampleCount),
      validation: evaluation, learningRate: stepper.optimizer.groups[0].learningRate, isBest: isBest,
      extra: stepper.hook.metrics())
    state.schedule.endEpoch(loss: loss)
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
}
