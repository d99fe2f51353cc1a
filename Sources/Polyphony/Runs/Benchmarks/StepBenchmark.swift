import Foundation
import Torch

/// Times one kind of step of a model on random data. Comparisons of speed with other programs use it.
///
/// ```swift
/// let batch = StepBenchmark.batch(model.configuration, count: 32)
/// let result = try StepBenchmark.run("train", .init(model: model, batch: batch), repeats: 50)
/// print(result.samplesPerSecond)
/// ```
public struct StepBenchmark {
  /// The model and the data of a measurement.
  public struct Setup {
    /// The model to time.
    public var model: MultimodalModel
    /// Random samples of its modalities, with targets.
    public var batch: Batch

    /// Combines a model with samples for it.
    public init(model: MultimodalModel, batch: Batch) { (self.model, self.batch) = (model, batch) }
  }

  /// The result of a measurement.
  public struct Result: Sendable {
    /// The median time of a step in milliseconds.
    public var medianMilliseconds: Double
    /// The batch size divided by the median time.
    public var samplesPerSecond: Double
    /// The peak of the process's resident memory so far, in MiB.
    public var peakMemory: Double

    /// Describes steps of `samples` samples with a median time. The peak of memory is that of this process.
    package init(medianSeconds: Double, samples: Int) {
      medianMilliseconds = medianSeconds * 1e3
      samplesPerSecond = Double(samples) / medianSeconds
      peakMemory = Double(PeakMemory.bytes ?? 0) / 1_048_576
    }
  }

  /// Makes a step to repeat.
  public typealias Maker = @Sendable (Setup) throws(Fault) -> () -> Void

  private static let registry = Registry<Maker>([
    ("train", { (setup) throws(Fault) in train(setup) }),
    ("infer", { (setup) throws(Fault) in infer(setup) }),
    ("balance", { (setup) throws(Fault) in try balance(setup) }),
    ("balance-published", { (setup) throws(Fault) in try balance(setup, CGGMSettings(.mosi)) }),
    ("contrast", { (setup) throws(Fault) in try contrast(setup) }),
    ("online", { (setup) throws(Fault) in try online("casp-contrast", setup) }),
    ("online-inputs", { (setup) throws(Fault) in try online("inputs", setup) }),
    ("online-ssa", { (setup) throws(Fault) in try online("ssa", setup) }),
    ("tune", { (setup) throws(Fault) in try tune(setup) }),
    (
      "prompt",
      { (setup) throws(Fault) in
        try PromptBenchmark.prepare(setup.model)
        return train(withMixedPatterns(setup))
      }
    ),
  ])

  /// The names of all kinds of steps.
  public static var names: [String] { registry.names }

  /// Adds a kind of step.
  public static func register(_ name: String, _ make: @escaping Maker) { registry[name] = make }

  /// Times `repeats` steps after two that are not counted.
  /// - Throws: `Fault(.usage)` for an unknown kind of step.
  public static func run(_ step: String, _ setup: Setup, repeats: Int) throws(Fault) -> Result {
    let body = try registry.value(step, "unknown kind of step", key: "--step")(setup)
    body()
    return Result(medianSeconds: Stopwatch.median(repeats, body), samples: setup.batch.count)
  }

  /// Makes random samples for a configuration.
  public static func batch(_ configuration: ModelConfiguration, count: Int, seed: UInt64 = 0) -> Batch {
    let generator = Generator(seed: seed)
    let inputs = Inputs(configuration.modalities.map { .normal([count] + $0.sampleShape, generator: generator) })
    let task = configuration.task
    let target =
      switch task.kind {
      case .regression: Tensor.normal([count, task.outputs], generator: generator)
      case .multilabel: (Tensor.uniform([count, task.outputs], generator: generator) .>= 0.5).to(.float32)
      case .classification: Tensor.uniform([count], in: 0..<Double(task.outputs), generator: generator).to(.int64)
      case .segmentation:
        Tensor.uniform(
          [count] + configuration.modalities[0].sampleShape.dropFirst(), in: 0..<Double(task.outputs),
          generator: generator
        ).to(.int64)
      }
    return Batch(inputs, target: target)
  }

  static func train(_ setup: Setup) -> () -> Void { training(setup, JointTraining()) }

  /// The training step of ``Trainer`` at its defaults, with a hook.
  static func training(_ setup: Setup, _ hook: any StepHook) -> () -> Void {
    let stepper = TrainingStepper(setup.model, settings: TrainingSettings(), hook: hook)
    setup.model.train()
    var index = 0
    return {
      stepper.step(setup.batch, index: index)
      index += 1
    }
  }

  /// Mixes all patterns of present modalities into the batch, for a model that handles missing modalities.
  private static func withMixedPatterns(_ setup: Setup) -> Setup {
    guard setup.model.handlesMissingModalities else { return setup }
    var setup = setup
    let inputs = setup.batch.inputs
    setup.batch.inputs.presence = PromptBenchmark.presence(inputs.count, modalities: inputs.modalities.count)
      .to(inputs.modalities[0].device)
    return setup
  }

  private static func infer(_ setup: Setup) -> () -> Void {
    let setup = withMixedPatterns(setup)
    let (model, batch) = (setup.model, setup.batch)
    model.train(false)
    return { noGrad { _ = model(batch.inputs).prediction.sum().item } }
  }
}
