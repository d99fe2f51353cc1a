import Torch

/// Adapts a model to unlabelled samples by a method, offline in epochs or online batch by batch.
///
/// The loop has no access to labels, because its samples are an ``UnlabelledSplit``. A run with a folder can be killed
/// at any instant and resumed. It then ends with the same bits, because every random number depends only on seed, epoch
/// and step.
///
/// In a ``Torch/ProcessGroup``, the processes divide every pass of the model (``AdaptationSession/pass(_:_:)``). The results
/// are those of one process, up to the order of sums. The process 0 decides, and it alone has a folder. A stream has one
/// order of batches and needs one process.
///
/// ```swift
/// let target = try Dataset("hospital").fitted(to: model.configuration).unlabelled("test")
/// let loop = try AdaptationLoop(model, samples: target, method: method, isOnline: true, seed: 0)
/// let outcome = try loop.run()
/// ```
public final class AdaptationLoop {
  let method: any AdaptationMethod
  let session: AdaptationSession
  let watch: CollapseGuard
  let observers: [any AdaptationObserver]
  private let folder: String?
  var state = AdaptationState()
  /// The predictions of the stream so far, online.
  var stream = PredictionStream()

  /// Makes a loop and freezes all tensors of the model that the method does not adapt.
  ///
  /// - Parameters:
  ///   - model: the model.
  ///   - samples: the samples.
  ///   - method: the method.
  ///   - isOnline: true for a stream, which brings each sample once, in order.
  ///   - seed: the seed of all random numbers.
  ///   - device: the device that computes.
  ///   - folder: the folder for checkpoints; without it the run writes no files.
  ///   - origin: the hash of the starting weights. A checkpoint with other starting weights is refused.
  ///   - recipe: the resolved settings of the method. A checkpoint with other settings is refused.
  ///   - observers: the observers of the run.
  ///   - group: the processes that adapt together. Default: those of the program.
  /// - Throws: `Fault(.badData)` for samples that do not fit the model, `Fault(.usage)` if the method cannot adapt it, or
  ///   not in several processes.
  public init(
    _ model: MultimodalModel, samples: UnlabelledSplit, method: any AdaptationMethod, isOnline: Bool = false,
    seed: UInt64 = 0, device: Device = .cpu, folder: String? = nil, origin: String? = nil,
    recipe: SettingsTree = .empty, observers: [any AdaptationObserver] = [], group: ProcessGroup? = .current
  ) throws(Fault) {
    try samples.check(for: model.configuration)
    try method.check(isOnline: isOnline)
    try BatchDivision(group: group).check(model, method, isOnline: isOnline)
    try method.install(on: model)
    (self.method, self.folder, self.observers) = (method, folder, observers)
    // Now only what the method adapts is trained, so the states of most encoders inside stay the same.
    let encoded = samples.withStates(of: model.backbone, onlyFixed: true)
    session = AdaptationSession(
      model, encoded, method.settings, seed: seed, device: device, isOnline: isOnline, processes: group)
    watch = CollapseGuard(method.settings.bounds, source: AdaptedState(of: session))
    // Only a checkpoint and a group need the identity, and hashes of samples take a moment.
    guard folder != nil || group != nil else { return }
    state.identity = RunIdentity([
      "method": method.name, "mode": isOnline ? "online" : "offline", "seed": "\(seed)", "libtorch": Libtorch.version,
      "model": origin,
    ])
    state.identity.add("adaptation", recipe.json)
    state.identity.add(data: samples.name, samples.hashes(model.configuration.modalities))
  }

  /// Runs to the end, or until a stop request.
  ///
  /// - Parameters:
  ///   - resume: true to continue from the folder's checkpoint, if there is one.
  ///   - isStopped: returns true after a stop request; the loop calls it after every step.
  /// - Throws: `Fault(.failure)` for predictions that are not finite, for a loss that is not finite if the guard is off,
  ///   and if a process of the group has gone.
  public func run(
    resume: Bool = false, isStopped: () -> Bool = { StopSignal.isRequested }
  ) throws(Fault) -> AdaptationOutcome {
    defer { session.model.train(false) }
    try session.division.group?.agree(on: state.identity)
    let saved = try restore(resume: resume)
    if saved == nil {
      session.seedDropout(.snapshots)
      try method.begin(session)
    }
    let notes = [saved?.warning].compactMap(\.self) + method.notes(for: session.model)
    for observer in observers {
      try observer.willStart(method.name, completedEpochs: state.epoch, step: state.step, notes: notes)
    }
    return session.isOnline ? try runOnline(isStopped) : try runOffline(isStopped)
  }

  // MARK: - Parts of both ways of running

  /// Calls the method once, with the random numbers of the step.
  func adapt(_ batch: AdaptationBatch) throws(Fault) -> AdaptationStep {
    (session.epoch, session.stepInEpoch) = (state.epoch, state.stepInEpoch)
    session.seedDropout()
    session.passes = []
    let step = try method.adapt(batch, session)
    if session.hasFailed, !watch.bounds.isEnabled {
      throw Fault(
        .failure, "the loss is not a finite number, adaptation stops",
        key: "epoch \(state.epoch + 1), step \(state.stepInEpoch + 1)", expected: "a finite loss",
        remedy: "lower adaptation.learning_rate, or let adaptation.guard.enabled be true")
    }
    return step
  }

  /// Restores the last good state and reports the return.
  func goBack(_ reason: CollapseViolation) throws(Fault) {
    let report = CollapseRecord(
      measure: reason.measure, value: reason.value, bound: reason.bound, epoch: state.epoch + 1, step: state.step)
    watch.restore(session)
    state.returns.append(report)
    for observer in observers { try observer.didReturn(report) }
  }

  func finish(_ prediction: Tensor, wasStopped: Bool) throws(Fault) -> AdaptationOutcome {
    guard prediction.isFinite else { throw Evaluation.notFinite(model: session.model.folder) }
    let count = session.model.parameterCount
    let selecting = method as? any SelectingMethod
    return AdaptationOutcome(
      method: method.name, isOnline: session.isOnline, prediction: prediction, updated: nil, source: nil,
      selected: selecting?.selected, snapshots: selecting?.snapshots, share: selecting?.share, records: state.records,
      returns: state.returns,
      notes: method.notes(for: session.model) + [classMixNote(prediction)].compactMap(\.self),
      parameters: (count.total, count.trainable), wasStopped: wasStopped)
  }

  /// A remark on a class mix that differs from the training split's; nil for another task and for a model without
  /// moments.
  private func classMixNote(_ prediction: Tensor) -> String? {
    let task = session.model.configuration.task
    guard task.kind == .classification, let moments = session.model.sourceMoments else { return nil }
    return ClassMix(probabilities: prediction.softmax(1), source: moments.shares).note(task.labels)
  }

  // MARK: - Saving and restoring

  func writeCheckpoint() throws(Fault) {
    guard let folder else { return }
    (state.contrastReference, state.recentContrast) = (watch.contrastReference, watch.recentContrast)
    try Checkpoint.write(
      [
        ("adapted", watch.source.tensors(session: session)), ("optimizer", session.optimizer.state()),
        ("method", method.state()), ("good", watch.state()), ("stream", stream.state()),
      ], state, to: "\(folder)/checkpoint")
  }

  /// Reads and checks the checkpoint of this run. Nil if there is none.
  private func savedRun() throws(Fault) -> SavedRun<AdaptationState>? {
    guard let folder, let saved = try Checkpoint<AdaptationState>(at: "\(folder)/checkpoint") else { return nil }
    try state.identity.check(resuming: saved.state.identity, file: saved.path)
    try saved.state.check(resumedBy: session, file: "\(saved.path)/state.json")
    return try saved.loaded(["adapted", "optimizer", "method", "good", "stream"])
  }

  /// Restores the folder's checkpoint. Nil if there is none. In a group, every process takes the state of the process 0.
  private func restore(resume: Bool) throws(Fault) -> SavedRun<AdaptationState>? {
    var saved = resume ? try savedRun() : nil
    if let group = session.division.group { saved = try group.share(saved, start: []) }
    guard let saved else { return nil }
    func tensors(_ name: String) -> [String: Tensor] { saved.tensors[name] ?? [:] }
    let adapted = tensors("adapted")
    let own = watch.source.tensors(session: session)
    try SavedTensors.check(adapted, against: own, file: saved.file("adapted"))
    noGrad { for (key, tensor) in own { tensor.copyInPlace(from: adapted[key]!) } }
    try session.optimizer.load(tensors("optimizer"), file: saved.file("optimizer"))
    try watch.load(tensors("good"), file: saved.file("good"))
    (watch.contrastReference, watch.recentContrast) = (saved.state.contrastReference, saved.state.recentContrast)
    stream = try PredictionStream(
      tensors("stream"), batches: session.isOnline ? saved.state.stepInEpoch : 0, file: saved.file("stream"))
    state = saved.state
    (session.epoch, session.stepInEpoch) = (state.epoch, state.stepInEpoch)
    try method.load(tensors("method"), session, file: saved.file("method"))
    try state.checkPosition(method, session, file: saved.stateFile)
    return saved
  }
}

/// A method that selects samples.
protocol SelectingMethod: AdaptationMethod {
  /// The selected samples, offline; nil before the selection.
  var selected: [Int]? { get }
  /// The snapshots behind the selection, offline.
  var snapshots: SnapshotLedger? { get }
  /// The share of selected samples.
  var share: Double { get }
}
