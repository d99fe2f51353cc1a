import Torch

/// Where a run stands after a step.
public struct TrainingStatus: Sendable {
  /// Counted from 1.
  public var epoch: Int
  /// Of the whole run.
  public var epochs: Int
  /// Within the epoch, counted from 1.
  public var step: Int
  /// Steps of an epoch.
  public var steps: Int
  /// The mean loss of the epoch so far.
  public var loss: Double
  /// The best score on the validation split so far, if there is one.
  public var best: Double?
  /// Samples of this step.
  public var samples: Int
}

/// What an epoch came to.
public struct EpochRecord: Sendable {
  /// Counted from 1.
  public var epoch: Int
  /// Of the whole run.
  public var epochs: Int
  /// Steps of the run so far.
  public var step: Int
  /// The mean loss over the training split.
  public var trainingLoss: Double
  /// Scores on the validation split.
  public var validation: Evaluation
  /// In the epoch's last step.
  public var learningRate: Double
  /// Whether this epoch is the best so far.
  public var isBest: Bool
  /// A strategy's own numbers.
  public var extra: [(name: String, value: Double)]

  /// All numbers by name: what the log holds.
  public var values: MetricValues {
    var values: MetricValues = ["train/loss": trainingLoss, "valid/loss": validation.loss]
    values.append(validation.metrics, prefix: "valid/")
    values["learning_rate"] = learningRate
    for (name, value) in extra { values[name] = value }
    return values
  }
}

/// Somebody who watches a run: a progress bar, a log.
public protocol TrainingObserver: AnyObject {
  /// After each step.
  func didStep(_ progress: TrainingStatus)
  /// After each epoch, before its checkpoint is written.
  func didEndEpoch(_ record: EpochRecord) throws(Fault)
  /// Before the first step; a resumed run has completed epochs already.
  func willStart(completedEpochs: Int, step: Int) throws(Fault)
  /// Something that the user should know and that stops nothing.
  func note(_ text: String)
}

extension TrainingObserver {
  /// Nothing.
  public func didStep(_ progress: TrainingStatus) {}
  /// Nothing.
  public func didEndEpoch(_ record: EpochRecord) throws(Fault) {}
  /// Nothing.
  public func willStart(completedEpochs: Int, step: Int) throws(Fault) {}
  /// Nothing.
  public func note(_ text: String) {}
}
