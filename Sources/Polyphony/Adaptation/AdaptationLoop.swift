import Torch

/// Adapts a model to unlabelled samples by a method, offline in epochs or online batch by batch.
///
/// The loop has no access to labels, because its samples are an ``UnlabelledSplit``. A run with a folder can be killed
/// at any instant and resumed. It then ends with the same bits, because every random number depends only on seed, epoch
/// and step.
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
  var state: AdaptationState
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
  ///   - identity: the run's origin, such as the resolved settings. A run cannot resume from a checkpoint with another
  ///     one.
  ///   - observers: the observers of the run.
  /// - Throws: `Fault(.badData)` for samples that do not fit the model, `Fault(.usage)` if the method cannot adapt it.
  public init(
    _ model: MultimodalModel, samples: UnlabelledSplit, method: any AdaptationMethod, isOnline: Bool = false,
    seed: UInt64 = 0, device: Device = .cpu, folder: String? = nil, identity: String = "",
    observers: [any AdaptationObserver] = []
  ) throws(Fault) {
    try samples.check(for: model.configuration)
    try method.check(isOnline: isOnline)
    try method.tensors.install(on: model, method: method.name)
    (self.method, self.folder, self.observers) = (method, folder, observers)
    session = AdaptationSession(
      model, samples, method.settings, seed: seed, device: device, isOnline: isOnline)
    watch = CollapseGuard(method.settings.bounds, source: AdaptedState(of: session))
    state = AdaptationState(
      seed: seed,
      identity: "\(method.name), \(isOnline ? "online" : "offline"), \(samples.count) samples; \(identity)")
  }

  /// Runs to the end, or until a stop request.
  ///
  /// - Parameters:
  ///   - resume: true to continue from the folder's checkpoint, if there is one.
  ///   - isStopped: returns true after a stop request; the loop calls it after every step.
  /// - Throws: `Fault(.failure)` for predictions that are not finite, and for a loss that is not finite if the guard is
  ///   off.
  public func run(
    resume: Bool = false, isStopped: () -> Bool = { StopSignal.isRequested }
  ) throws(Fault) -> AdaptationOutcome {
    defer { session.model.train(false) }
    let isResumed = resume ? try restore() : false
    if !isResumed {
      session.seedDropout(.snapshots)
      try method.begin(session)
    }
    let notes = method.notes(for: session.model)
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
    let step = try method.adapt(batch, session)
    if session.hasFailed, !watch.bounds.isEnabled {
      throw Fault(
        .failure, "the loss is not a finite number, adaptation stops",
        key: "epoch \(state.epoch + 1), step \(state.stepInEpoch + 1)", expected: "a finite loss",
        remedy: "lower adaptation.learning_rate, or let adaptation.guard.enabled be true")
    }
    return step
  }

  /// Runs `body` with the source model, as it was before the first step.
  func bySource<Value>(_ body: () -> Value) -> Value {
    let own = AdaptedState(of: session)
    watch.source.restore(session)
    defer { own.restore(session) }
    return body()
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
      notes: method.notes(for: session.model), parameters: (count.total, count.trainable), wasStopped: wasStopped)
  }

  // MARK: - Saving and restoring

  func writeCheckpoint() throws(Fault) {
    guard let folder else { return }
    state.contrastReference = watch.contrastReference
    try AdaptationCheckpoint.write(
      [
        ("adapted", watch.source.tensors(session: session)), ("optimizer", session.optimizer.state()),
        ("method", method.state()), ("good", watch.state()), ("stream", stream.state()),
      ], state, to: "\(folder)/checkpoint")
  }

  private func restore() throws(Fault) -> Bool {
    guard let folder, let saved = try AdaptationCheckpoint.state(at: "\(folder)/checkpoint") else { return false }
    let path = "\(folder)/checkpoint"
    guard saved.identity == state.identity, saved.seed == state.seed, saved.libtorch == state.libtorch else {
      throw Fault(
        .usage, "the checkpoint was written by another adaptation", file: path,
        found: "seed \(saved.seed), libtorch \(saved.libtorch), \(saved.identity)",
        expected: "seed \(state.seed), libtorch \(state.libtorch), \(state.identity)",
        remedy: "resume with the run's settings, or choose another output folder")
    }
    func tensors(_ name: String) throws(Fault) -> [String: Tensor] { try Checkpoint.tensors(name, at: path) }
    func file(_ name: String) -> String { "\(path)/\(name).safetensors" }
    let adapted = try tensors("adapted")
    let own = watch.source.tensors(session: session)
    try SavedTensors.check(adapted, against: own, file: file("adapted"))
    noGrad { for (key, tensor) in own { tensor.copyInPlace(from: adapted[key]!) } }
    try session.optimizer.load(try tensors("optimizer"), file: file("optimizer"))
    try watch.load(try tensors("good"), file: file("good"))
    watch.contrastReference = saved.contrastReference
    stream = try PredictionStream(try tensors("stream"), file: file("stream"))
    state = saved
    (session.epoch, session.stepInEpoch) = (state.epoch, state.stepInEpoch)
    try method.load(try tensors("method"), session, file: file("method"))
    return true
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
