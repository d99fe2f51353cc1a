import Torch

/// How a model is trained: the section `training` of a recipe.
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
    /// Always the same.
    case constant
    /// Smaller where validation stands still.
    case plateau
    /// Smaller every few epochs.
    case step
    /// Down along a cosine.
    case cosine
  }

  /// Passes over the training split.
  public var epochs = 30
  /// Samples per step.
  public var batchSize = 32
  /// The rule that changes parameters.
  public var optimizer = OptimizerName.adam
  /// The first learning rate.
  public var learningRate = 1e-3
  /// The strength of the pull towards zero.
  public var weightDecay = 0.0
  /// Of `sgd`.
  public var momentum = 0.9
  /// The largest gradient norm; 0 for none.
  public var clip = 0.8
  /// The rule that changes the learning rate.
  public var schedule = ScheduleName.plateau
  /// Epochs without improvement before `plateau` acts; the length of a period of `step`.
  public var schedulePatience = 10
  /// What `plateau` and `step` multiply with.
  public var scheduleFactor = 0.1
  /// Epochs of rising learning rate before `cosine`.
  public var warmup = 0
  /// Epochs without improvement before training stops; 0 for never.
  public var earlyStop = 0
  /// The loss; nil for the task's usual one.
  public var loss: TaskLoss.Form?
  /// The weights of the classes in the loss; nil for the task's usual ones.
  public var classWeights: [Double]?
  /// What decides between epochs: `loss`, or a metric of the task, on the validation split.
  public var select = "loss"

  /// The defaults.
  public init() {}

  /// An optimiser over parameters, in one group.
  func makeOptimizer(_ groups: [ParameterGroup]) -> any Optimizer {
    switch optimizer {
    case .adam: Adam(groups)
    case .adamw: Adam(groups, decoupled: true)
    case .sgd: SGD(groups, momentum: momentum)
    }
  }

  /// The schedule for epochs of so many steps.
  func makeSchedule(stepsPerEpoch: Int) -> LearningRateSchedule {
    switch schedule {
    case .constant: .init(.constant)
    case .plateau: .init(.plateau(factor: scheduleFactor, patience: schedulePatience, threshold: 1e-4))
    case .step: .init(.step(size: max(1, schedulePatience), gamma: scheduleFactor))
    case .cosine: .init(.cosine(warmup: warmup * stepsPerEpoch, total: epochs * stepsPerEpoch, floor: 0))
    }
  }
}
