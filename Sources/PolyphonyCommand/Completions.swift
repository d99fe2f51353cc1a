import ArgumentParser
import Polyphony

/// The names that a shell offers for options of several commands.
enum Completions {
  /// The usual splits of a data set.
  static let splits = CompletionKind.list(["train", "valid", "test"])

  /// The metrics of all tasks.
  static let metrics = CompletionKind.list(
    ["loss"] + ClassificationMetrics.names + RegressionMetrics.names + SentimentMetrics.names + SimsMetrics.names
      + ["dice"] + VolumeMetrics.names)

  /// The methods of all lives, as rows of results have them.
  static let methods = CompletionKind.list(BalancingMethods.names + TuningMethods.names + AdaptLife.knownMethods)
}
