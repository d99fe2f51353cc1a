import Torch

/// The settings of a training, which are the section `training` of a recipe.
///
/// ```swift
/// var settings = TrainingSettings()
/// (settings.epochs, settings.learningRate) = (40, 3e-4)
/// (settings.schedule, settings.warmup) = (.cosine, 2)
/// settings.select = "accuracy"
/// ```
public struct TrainingSettings: Codable, Equatable, Sendable {
  /// The rule that changes parameters.
  public enum OptimizerName: String, Codable, Sendable, CaseIterable {
    /// Adam.
    case adam
    /// Adam with decoupled weight decay.
    case adamw
    /// Stochastic gradient descent with momentum.
    case sgd
  }

  /// The rule that changes the learning rate.
  public enum ScheduleName: String, Codable, Sendable, CaseIterable {
    /// A constant learning rate.
    case constant
    /// A smaller learning rate whenever the validation loss stops falling.
    case plateau
    /// A smaller learning rate every few epochs.
    case step
    /// A learning rate that falls along a cosine.
    case cosine
  }

  /// The number of passes over the training split.
  public var epochs = 30
  /// The number of samples per step, of all processes together.
  public var batchSize = 32
  /// The number of parts that a process computes one after another for a step, which saves memory. 1 means no parts.
  public var accumulate = 1
  /// The rule that changes parameters.
  public var optimizer = OptimizerName.adam
  /// The first learning rate.
  public var learningRate = 1e-3
  /// The first learning rate of pretrained encoders inside the model, which a greater one would spoil.
  public var encoderRate = 2e-5
  /// The strength of weight decay.
  public var weightDecay = 0.0
  /// The momentum of `sgd`.
  public var momentum = 0.9
  /// The largest gradient norm. 0 means no clipping.
  public var clip = 0.8
  /// The rule that changes the learning rate.
  public var schedule = ScheduleName.plateau
  /// The number of epochs without improvement before `plateau` acts, or the period of `step` in epochs.
  public var schedulePatience = 10
  /// The factor of `plateau` and `step` on the learning rate.
  public var scheduleFactor = 0.1
  /// The number of epochs with a rising learning rate before `cosine`.
  public var warmup = 0
  /// The number of epochs without improvement before training stops. 0 means no early stop.
  public var earlyStop = 0
  /// The loss. Default: the task's usual one.
  public var loss: TaskLoss.Form?
  /// The weights of the classes in the loss: numbers, or `balanced`. Default: the task's usual ones.
  public var classWeights: ClassWeights?
  /// The validation score that chooses the best epoch: `loss`, or a metric of the task.
  public var select = "loss"
  /// The random changes of training images and their masks, for segmentation. Default: none.
  public var augment: [ImageAugmentation.Change] = []

  /// The size of the random parts of images that a segmentation trains on. It is also the size of the model. Default: whole
  /// images, parts of at most 64 × 64 × 64 voxels of volumes, and parts of the model's size in a tuning.
  public var patch: [Int]?
  /// The number of patches that each sample gives to an epoch. Default: as many as have the pixels of a sample.
  public var patches: Int?
  /// The share of patches that are certain to hold foreground. Default: ``PatchSampling/usualForeground``.
  public var foreground: Double?

  /// Makes the default settings.
  public init() {}

  /// Makes the optimiser of parameter groups.
  func makeOptimizer(_ groups: [ParameterGroup]) -> any Optimizer {
    switch optimizer {
    case .adam: Adam(groups)
    case .adamw: Adam(groups, decoupled: true)
    case .sgd: SGD(groups, momentum: momentum)
    }
  }

  /// Makes the loss of a task. Balanced class weights must be numbers by now (``weighted(for:_:)``).
  func makeLoss(_ task: PredictionTask) throws(Fault) -> TaskLoss {
    var weights: [Double]?
    if case .given(let numbers)? = classWeights { weights = numbers }
    return try TaskLoss(loss ?? TaskLoss(task).form, for: task, classWeights: weights)
  }

  /// Makes the augmentation of training images; nil without one.
  /// - Throws: `Fault(.usage)` for a task without images and masks.
  func makeAugmentation(_ task: PredictionTask, seed: UInt64) throws(Fault) -> ImageAugmentation? {
    guard !augment.isEmpty else { return nil }
    guard task.kind == .segmentation else {
      throw Fault(
        .usage, "only images and their masks can be augmented", key: "training.augment",
        found: "\(augment.map(\.rawValue).joined(separator: ", ")) for \(task.kind.rawValue)", expected: "segmentation",
        remedy: "leave training.augment out")
    }
    return ImageAugmentation(augment, seed: seed)
  }

  /// Checks that loss and augmentation fit a task.
  /// - Throws: `Fault(.usage)` with the key that does not.
  func check(for task: PredictionTask) throws(Fault) {
    _ = try makeLoss(task)
    _ = try makeAugmentation(task, seed: 0)
  }

  /// Makes the schedule for epochs with this number of steps.
  func makeSchedule(stepsPerEpoch: Int) -> LearningRateSchedule {
    switch schedule {
    case .constant: .init(.constant)
    case .plateau: .init(.plateau(factor: scheduleFactor, patience: schedulePatience, threshold: 1e-4))
    case .step: .init(.step(size: max(1, schedulePatience), gamma: scheduleFactor))
    case .cosine: .init(.cosine(warmup: warmup * stepsPerEpoch, total: epochs * stepsPerEpoch, floor: 0))
    }
  }
}
