import Torch

/// The cost of a tuning method in parameters, time and memory.
///
/// ```swift
/// let (installation, _) = try ModelWithAdapter("runs/base/model").install("wander")
/// let cost = try TuningCost.measure(installation, batch, repeats: 20)
/// print(cost.trainableShare, cost.secondsPerStep, cost.addedLatency)
/// ```
public struct TuningCost: Codable, Equatable, Sendable {
  /// The number of elements of all parameters, base and method.
  public var totalParameters: Int
  /// The number of elements of the trained parameters.
  public var trainableParameters: Int
  /// The median seconds of a training step (forward, backward, update). 0 for a method without trained parameters.
  public var secondsPerStep: Double
  /// The peak of the process's resident memory during the steps, in bytes. Nil if the system does not report it.
  public var peakMemory: Int?
  /// The median seconds of a prediction with the method.
  public var latency: Double
  /// The median seconds of a prediction by the base alone.
  public var baseLatency: Double

  /// The seconds that the method adds to a prediction.
  public var addedLatency: Double { latency - baseLatency }

  /// The trained share of all parameters.
  public var trainableShare: Double { Double(trainableParameters) / Double(max(1, totalParameters)) }

  enum CodingKeys: String, CodingKey {
    case latency
    case totalParameters = "total_parameters"
    case trainableParameters = "trainable_parameters"
    case secondsPerStep = "seconds_per_step"
    case peakMemory = "peak_memory"
    case baseLatency = "base_latency"
  }

  /// Measures an installed method on a batch, after one warm-up round.
  ///
  /// The steps change copies of the parameters. Afterwards parameters, gradients, random streams and mode are as
  /// before. Predictions with and without the method alternate, so that a slow moment of the machine affects both.
  /// - Parameters:
  ///   - installation: the method on its model.
  ///   - batch: samples with targets, on the model's device.
  ///   - settings: the optimiser, loss and clipping of the steps.
  ///   - repeats: the number of steps and predictions for the medians.
  /// - Throws: `Fault(.usage)` for a loss that does not fit the task.
  public static func measure(
    _ installation: Installation, _ batch: Batch, settings: TrainingSettings = .init(), repeats: Int = 10
  ) throws(Fault) -> TuningCost {
    let model = installation.model
    let task = model.configuration.task
    let loss = if let form = settings.loss { try TaskLoss(form, for: task) } else { TaskLoss(task) }
    let (wasEnabled, wasTraining) = (installation.isEnabled, model.backbone.isTraining)
    let (dropout, generator) = (DropoutStream.shared.state, Generator.standard.state)
    defer {
      model.train(wasTraining)
      installation.isEnabled = wasEnabled
      DropoutStream.shared.state = dropout
      try? Generator.standard.restore(generator)
    }
    installation.isEnabled = true
    let count = model.parameterCount
    let training = steps(model, batch, loss, settings, max(1, repeats))
    let latency = predictions(installation, batch.inputs, max(1, repeats))
    return TuningCost(
      totalParameters: count.total, trainableParameters: count.trainable, secondsPerStep: training.seconds,
      peakMemory: training.memory, latency: latency.tuned, baseLatency: latency.base)
  }

  private static func steps(
    _ model: MultimodalModel, _ batch: Batch, _ loss: TaskLoss, _ settings: TrainingSettings, _ repeats: Int
  ) -> (seconds: Double, memory: Int?) {
    let trained = model.trainableParameters()
    // A baseline without trained parameters has no step, because its loss has no gradient.
    if trained.isEmpty { return (0, nil) }
    let originals = trained.map(\.storage.tensor)
    let buffers = model.backbone.storage().filter { !$0.storage.isTrainable }.map(\.storage)
    let kept = buffers.map(\.tensor)
    // The optimiser copies the parameters into memory of its own. Buffers are copied here.
    for buffer in buffers { buffer.tensor = buffer.tensor?.copy() }
    let stepper = TrainingStepper(model, settings: settings, loss: loss)
    model.train()
    PeakMemory.reset()
    let seconds = Stopwatch.median(repeats) { stepper.step(batch) }
    let memory = PeakMemory.bytes
    for (entry, original) in zip(trained, originals) { entry.storage.tensor = original }
    for (buffer, tensor) in zip(buffers, kept) { buffer.tensor = tensor }
    return (seconds, memory)
  }

  private static func predictions(
    _ installation: Installation, _ inputs: Inputs, _ repeats: Int
  ) -> (tuned: Double, base: Double) {
    let model = installation.model
    var (tuned, base): ([Double], [Double]) = ([], [])
    for _ in 0...repeats {
      for isEnabled in [true, false] {
        installation.isEnabled = isEnabled
        let seconds = model.evaluating { noGrad { Stopwatch.seconds { _ = model(inputs).prediction.floats } } }
        if isEnabled { tuned.append(seconds) } else { base.append(seconds) }
      }
    }
    return (Stopwatch.median(tuned.dropFirst()), Stopwatch.median(base.dropFirst()))
  }
}
