import Torch

/// The interface between a method and a model under adaptation: predictions, updates, and random numbers that need no
/// saving.
///
/// ```swift
/// func adapt(_ batch: AdaptationBatch, _ session: AdaptationSession) throws(Fault) -> AdaptationStep {
///   session.form(dropout: true)
///   let logits = try session.pass(batch.inputs) { $0.prediction }
///   let entropy = -(logits.softmax(1) * logits.logSoftmax(1)).sum(1).mean()
///   return AdaptationStep(loss: try session.update(entropy), learned: batch.count)
/// }
/// ```
public final class AdaptationSession {
  /// The model.
  public let model: MultimodalModel
  /// The target. Online, only the first ``seen`` samples are available.
  public let samples: UnlabelledSplit
  /// The settings that all methods have.
  public let settings: AdaptationSettings
  /// The seed, which together with epoch and step determines every random number.
  public let seed: UInt64
  /// The device of the model.
  public let device: Device
  /// True for a stream, which brings each sample once, in order.
  public let isOnline: Bool
  /// The adapted parameters in one block.
  public let group: ParameterGroup
  /// The epoch, counted from 0; 0 online.
  public internal(set) var epoch = 0
  /// The step within the epoch, counted from 0.
  public internal(set) var stepInEpoch = 0
  /// The update within the step, counted from 0; online there may be several.
  public internal(set) var repetition = 0
  /// The number of samples available so far, offline all of them.
  public internal(set) var seen: Int
  /// The optimiser of the adapted parameters.
  private(set) var optimizer: any Optimizer
  /// The adapted parameters before the first step, in one block.
  public private(set) var sourceValues: Tensor
  /// The division of passes among processes.
  let division: BatchDivision
  /// The divided passes since the last gradient.
  var passes: [DividedPass] = []
  let buffers: [(key: String, tensor: Tensor)]
  private let norms: [BatchNorm2d]
  private var currentForm: [Bool] = []
  /// True if a loss was not a finite number since the last return.
  var hasFailed = false

  init(
    _ model: MultimodalModel, _ samples: UnlabelledSplit, _ settings: AdaptationSettings, seed: UInt64,
    device: Device, isOnline: Bool, processes: ProcessGroup? = nil
  ) {
    division = BatchDivision(group: processes)
    (self.model, self.samples, self.settings) = (model, samples, settings)
    (self.seed, self.device, self.isOnline) = (seed, device, isOnline)
    seen = isOnline ? min(settings.batchSize, samples.count) : samples.count
    let group = ParameterGroup("adapted", model.trainableParameters(), learningRate: settings.learningRate)
    self.group = group
    optimizer = settings.makeOptimizer(group)
    sourceValues = noGrad { group.parameters.values.copy() }
    let storage = model.backbone.storage() + model.attachments.flatMap { $0.storage() }
    buffers = storage.filter { !$0.storage.isTrainable }.map { ($0.key, $0.storage.tensor!) }
    norms = model.backbone.batchNorms().map(\.norm)
  }

  // MARK: - Learning

  /// Sets the mode of the model for a step: dropout on or off, batch normalisations by batch or by running statistics.
  public func form(dropout: Bool, batchStatistics: Bool = false) {
    // A walk through all modules takes as long as a small step.
    guard currentForm != [dropout, batchStatistics] else { return }
    currentForm = [dropout, batchStatistics]
    model.train(dropout)
    for norm in norms { norm.train(batchStatistics) }
  }

  /// Makes one update along the gradient of a loss.
  ///
  /// - Parameters:
  ///   - loss: the loss.
  ///   - regularize: a further gradient, computed from the parameters' values.
  /// - Returns: the loss; nil without an update if it is not a finite number.
  /// - Throws: `Fault(.failure)` if a process of the group has gone.
  @discardableResult
  public func update(_ loss: Tensor, regularize: ((Tensor) -> Tensor)? = nil) throws(Fault) -> Double? {
    guard let value = try backward(loss) else { return nil }
    if let regularize {
      noGrad { group.parameters.gradients.addInPlace(regularize(group.parameters.values)) }
    }
    step()
    return value
  }

  /// Computes the gradient of a loss without an update.
  /// - Returns: the loss; nil if it is not a finite number.
  /// - Throws: `Fault(.failure)` if a process of the group has gone.
  public func backward(_ loss: Tensor) throws(Fault) -> Double? {
    let value = try division.decided(loss.item)
    guard value.isFinite else {
      hasFailed = true
      return nil
    }
    optimizer.zeroGradients()
    loss.backward()
    try sumGradients()
    return value
  }

  /// Makes an update from the current gradient.
  public func step() {
    if settings.clip > 0 { optimizer.clipGradients(norm: settings.clip) }
    optimizer.step()
  }

  /// Repeats the step of a batch online, as often as the settings say or until a loss is not a finite number.
  func repeated(
    _ watch: CollapseGuard, _ step: () throws(Fault) -> AdaptationStep
  ) throws(Fault) -> AdaptationState.Sums {
    var sums = AdaptationState.Sums()
    for repetition in 0..<settings.steps {
      self.repetition = repetition
      let result = try step()
      sums.add(result)
      if let contrast = result.contrast { watch.add(contrast: contrast) }
      if hasFailed { break }
    }
    return sums
  }

  /// Replaces the optimiser by a new one without memory.
  public func restartOptimizer() { optimizer = settings.makeOptimizer(group) }

  /// Runs `body` with other values of the adapted parameters.
  public func with<Result, Failure>(
    _ values: Tensor, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let own = noGrad { group.parameters.values.copy() }
    noGrad { group.parameters.values.copyInPlace(from: values) }
    defer { noGrad { group.parameters.values.copyInPlace(from: own) } }
    return try body()
  }

  // MARK: - Predicting

  /// Predicts inputs on the model's device, in evaluation mode and without gradients.
  /// - Throws: `Fault(.failure)` if a process of the group has gone.
  public func predict(_ inputs: Inputs) throws(Fault) -> Tensor {
    form(dropout: false)
    return try pass(inputs, isRecorded: false) { $0.prediction }
  }

  /// Predicts samples of the target by their indices and returns the result on the CPU, with dropout on request.
  /// - Throws: `Fault(.failure)` if a process of the group has gone.
  public func predict(_ indices: [Int], dropout: Bool = false) throws(Fault) -> Tensor {
    form(dropout: dropout)
    if let processes = division.group, !dropout {
      return try model.predictions(of: samples, at: indices, by: processes, device: device)
    }
    var parts: [Tensor] = []
    for rows in SlidingWindows.passes(over: samples, at: indices, for: model.configuration) {
      parts.append(try pass(samples.rows(rows).to(device), isRecorded: false) { $0.prediction }.to(.cpu))
    }
    return .concatenated(parts)
  }

  /// Predicts samples as soft predictions; see ``SnapshotLedger``.
  func softPredictions(_ indices: [Int], dropout: Bool = false) throws(Fault) -> Tensor {
    let prediction = try predict(indices, dropout: dropout)
    return noGrad { SoftPrediction.of(prediction, model.configuration.task) }
  }

  // MARK: - Randomness

  /// The purposes of random numbers. Each has a stream of its own.
  public enum Purpose: UInt64, Sendable {
    /// Dropout in a step.
    case dropout
    /// Augmented views of a batch.
    case views
    /// The random selection of samples.
    case selection
    /// The choice of weights that return to the source.
    case restoration
    /// The dropout of snapshots.
    case snapshots
  }

  /// A generator that depends on seed, epoch, step and purpose.
  public func generator(_ purpose: Purpose) -> Generator { Generator(seed: derivedSeed(purpose)) }

  /// Sets the dropout of the following passes by seed, epoch and step.
  func seedDropout(_ purpose: Purpose = .dropout) {
    let seed = derivedSeed(purpose)
    DropoutStream.shared.state = .init(seed: seed, offset: 0)
    // Passes draw from libtorch's own generator only where our kernels do not run.
    if !Libtorch.usesOwnKernels || device != .cpu { Libtorch.seed(seed) }
  }

  private func derivedSeed(_ purpose: Purpose) -> UInt64 {
    DerivedSeed.of(seed, UInt64(epoch), UInt64(stepInEpoch), UInt64(repetition), purpose.rawValue)
  }
}
