import Torch

/// The progress of a run after a step.
public struct TrainingStatus: Sendable {
  /// The epoch, counted from 1.
  public var epoch: Int
  /// The number of epochs of the whole run.
  public var epochs: Int
  /// The step within the epoch, counted from 1.
  public var step: Int
  /// The number of steps of an epoch.
  public var steps: Int
  /// The mean loss of the epoch so far.
  public var loss: Double
  /// The best score on the validation split so far. Nil before the first validation.
  public var best: Double?
  /// The number of samples of this step.
  public var samples: Int
}

/// The result of an epoch.
public struct EpochRecord: Sendable {
  /// The epoch, counted from 1.
  public var epoch: Int
  /// The number of epochs of the whole run.
  public var epochs: Int
  /// The number of steps of the run so far.
  public var step: Int
  /// The mean loss over the training split.
  public var trainingLoss: Double
  /// The scores on the validation split.
  public var validation: Evaluation
  /// The learning rate of the epoch's last step.
  public var learningRate: Double
  /// True if this epoch is the best so far.
  public var isBest: Bool
  /// The balancing strategy's own numbers.
  public var extra: [(name: String, value: Double)]

  /// All numbers by name, as in the log.
  public var values: MetricValues {
    var values: MetricValues = ["train/loss": trainingLoss, "valid/loss": validation.loss]
    values.append(validation.metrics, prefix: "valid/")
    values["learning_rate"] = learningRate
    for (name, value) in extra { values[name] = value }
    return values
  }
}

/// An observer of a run, such as a progress bar or a log.
///
/// ```swift
/// final class LossPrinter: TrainingObserver {
///   func didEndEpoch(_ record: EpochRecord) throws(Fault) {
///     print("epoch \(record.epoch) of \(record.epochs): validation loss \(record.validation.loss)")
///   }
/// }
/// ```
public protocol TrainingObserver: AnyObject {
  /// Called after each step.
  func didStep(_ progress: TrainingStatus)
  /// Called after each epoch, before its checkpoint is written.
  func didEndEpoch(_ record: EpochRecord) throws(Fault)
  /// Called before the first step. A resumed run has completed epochs already.
  func willStart(completedEpochs: Int, step: Int) throws(Fault)
  /// Called with a message for the user that does not stop the run.
  func note(_ text: String)
}

extension TrainingObserver {
  /// Default: does nothing.
  public func didStep(_ progress: TrainingStatus) {}
  /// Default: does nothing.
  public func didEndEpoch(_ record: EpochRecord) throws(Fault) {}
  /// Default: does nothing.
  public func willStart(completedEpochs: Int, step: Int) throws(Fault) {}
  /// Default: ignores the message.
  public func note(_ text: String) {}
}
