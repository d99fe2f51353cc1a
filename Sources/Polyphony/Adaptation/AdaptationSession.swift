import Torch

/// A model under adaptation as a method sees it: predictions, updates, and random numbers that need no saving.
public final class AdaptationSession {
  /// The model.
  public let model: MultimodalModel
  /// The target. Online, only the first ``seen`` samples have come.
  public let samples: UnlabelledSplit
  /// What all methods have in common.
  public let settings: AdaptationSettings
  /// What every random number follows from, together with epoch and step.
  public let seed: UInt64
  /// Where the model is.
  public let device: Device
  /// Whether samples come once, in their order.
  public let isOnline: Bool
  /// The adapted parameters in one block.
  public let group: ParameterGroup
  /// The epoch, counted from 0; 0 online.
  public internal(set) var epoch = 0
  /// The step within the epoch, counted from 0.
  public internal(set) var stepInEpoch = 0
  /// The update within the step, counted from 0; online there may be several.
  public internal(set) var repetition = 0
  /// The samples that have come so far; all of them offline.
  public internal(set) var seen: Int
  /// The rule that changes parameters.
  private(set) var optimizer: any Optimizer
  /// The adapted parameters before the first step, in one block.
  public private(set) var sourceValues: Tensor
  let buffers: [(key: String, tensor: Tensor)]
  private let norms: [BatchNorm2d]
  private var currentForm: [Bool] = []
  /// Whether a loss was not a finite number since the last return.
  var hasFailed = false

  init(
    _ model: MultimodalModel, _ samples: UnlabelledSplit, _ settings: AdaptationSettings, seed: UInt64,
    device: Device, isOnline: Bool
  ) {
    (self.model, self.samples, self.settings) = (model, samples, settings)
    (self.seed, self.device, self.isOnline) = (seed, device, isOnline)
    seen = isOnline ? min(settings.batchSize, samples.count) : samples.count
    let group = ParameterGroup("adapted", model.trainableParameters(), learningRate: settings.learningRate)
    self.group = group
    optimizer = settings.makeOptimizer(group)
    sourceValues = noGrad { group.parameters.values.copy() }
    buffers = model.backbone.storage().filter { !$0.storage.isTrainable }.map { ($0.key, $0.storage.tensor!) }
    norms = model.backbone.batchNorms().map(\.norm)
  }

  // Learning

  /// Puts the model into the form of a step: dropout on or off, batch normalisations by batch or running statistics.
  public func form(dropout: Bool, batchStatistics: Bool = false) {
    // Walking through all modules costs as much as a small step.
    guard currentForm != [dropout, batchStatistics] else { return }
    currentForm = [dropout, batchStatistics]
    model.train(dropout)
    for norm in norms { norm.train(batchStatistics) }
  }

  /// One update along the gradient of a loss.
  ///
  /// - Parameters:
  ///   - loss: what is to be minimised.
  ///   - regularize: a further gradient from the parameters' values.
  /// - Returns: the loss; nil, and no update, where it is not a finite number.
  @discardableResult
  public func update(_ loss: Tensor, regularize: ((Tensor) -> Tensor)? = nil) -> Double? {
    guard let value = backward(loss) else { return nil }
    if let regularize {
      noGrad { group.parameters.gradients.addInPlace(regularize(group.parameters.values)) }
    }
    step()
    return value
  }

  /// The gradient of a loss, without an update.
  /// - Returns: the loss; nil where it is not a finite number.
  public func backward(_ loss: Tensor) -> Double? {
    let value = loss.item
    guard value.isFinite else {
      hasFailed = true
      return nil
    }
    optimizer.zeroGradients()
    loss.backward()
    return value
  }

  /// An update from the gradient that is there.
  public func step() {
    if settings.clip > 0 { optimizer.clipGradients(norm: settings.clip) }
    optimizer.step()
  }

  /// An optimiser that remembers nothing.
  public func restartOptimizer() { optimizer = settings.makeOptimizer(group) }

  /// Runs `body` with other values of the adapted parameters.
  public func with<Result>(_ values: Tensor, _ body: () -> Result) -> Result {
    let own = noGrad { group.parameters.values.copy() }
    noGrad { group.parameters.values.copyInPlace(from: values) }
    defer { noGrad { group.parameters.values.copyInPlace(from: own) } }
    return body()
  }

  // Predicting

  /// What the model says of inputs on its device, in evaluation form and without gradients.
  public func predict(_ inputs: Inputs) -> Tensor {
    form(dropout: false)
    return noGrad { model(inputs).prediction }
  }

  /// What the model says of samples of the target by their places, on the CPU; with dropout where that is asked for.
  public func predict(_ indices: [Int], dropout: Bool = false) -> Tensor {
    form(dropout: dropout)
    return noGrad {
      .concatenated(
        stride(from: 0, to: indices.count, by: 256).map { start in
          let rows = Array(indices[start..<min(start + 256, indices.count)])
          return model(samples.rows(rows).to(device)).prediction.to(.cpu)
        })
    }
  }

  /// What the model says of samples, as soft predictions; see ``SnapshotLedger``.
  func softPredictions(_ indices: [Int], dropout: Bool = false) -> Tensor {
    let prediction = predict(indices, dropout: dropout)
    return noGrad { SoftPrediction.of(prediction, model.configuration.task) }
  }

  // Randomness

  /// What random numbers are drawn for; each purpose has a stream of its own.
  public enum Purpose: UInt64, Sendable {
    /// Dropout in a step.
    case dropout
    /// Augmented views of a batch.
    case views
    /// The choice of samples to learn from.
    case selection
    /// Which weights go back to the source.
    case restoration
    /// Predictions that are kept.
    case snapshots
  }

  /// A generator that follows from seed, epoch, step and purpose.
  public func generator(_ purpose: Purpose) -> Generator { Generator(seed: derivedSeed(purpose)) }

  /// Sets the dropout of what follows by seed, epoch and step.
  func seedDropout(_ purpose: Purpose = .dropout) {
    let seed = derivedSeed(purpose)
    DropoutStream.shared.state = .init(seed: seed, offset: 0)
    // libtorch's own generator is drawn from only where our kernels do not serve.
    if !Libtorch.usesOwnKernels || device != .cpu { Libtorch.seed(seed) }
  }

  private func derivedSeed(_ purpose: Purpose) -> UInt64 {
    DerivedSeed.of(seed, UInt64(epoch), UInt64(stepInEpoch), UInt64(repetition), purpose.rawValue)
  }
}
