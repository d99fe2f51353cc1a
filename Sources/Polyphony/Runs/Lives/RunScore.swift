import Torch

/// The scores, parameters and cost of one run.
public struct RunScore: Sendable {
  /// The validation score that chose the epoch. Nil if no score chose it.
  public var validation: Double?
  /// The epoch that the validation score chose. Nil without training.
  public var chosen: ChosenEpoch?
  /// The scores on the reported split.
  public var metrics = MetricValues()
  /// The answers on the reported split, summed up. Nil for a task without a summary.
  public var answers: AnswerSummary?
  /// The sizes of the model.
  public var parameters: ParameterCount
  /// The cost of the method. Nil if it was not measured.
  public var cost: TuningCost?
  /// The number of returns from a collapse in an adaptation.
  public var returns = 0
  /// Notes for the reader of the results.
  public var remarks: [String] = []

  /// Makes a value with parameters and without scores.
  public init(parameters: ParameterCount) { self.parameters = parameters }
}

/// The epoch of a training that the validation split chose.
public struct ChosenEpoch: Equatable, Sendable {
  /// The epoch, counted from 1.
  public var epoch: Int
  /// The number of epochs that were trained.
  public var epochs: Int
  /// The name of the score on the validation split: `loss`, or a metric of the task.
  public var metric: String
  /// The score of the epoch. Nil if it is undefined.
  public var score: Double?

  /// Takes the choice of a finished training. Returns nil if nothing was trained.
  init?(_ outcome: TrainingOutcome, by metric: String) {
    guard outcome.bestEpoch > 0 else { return nil }
    (epoch, epochs, score) = (outcome.bestEpoch, outcome.epochs, outcome.bestScore)
    self.metric = metric
  }

  /// Makes a value from its parts.
  public init(epoch: Int, epochs: Int, metric: String, score: Double?) {
    (self.epoch, self.epochs, self.metric, self.score) = (epoch, epochs, metric, score)
  }
}
