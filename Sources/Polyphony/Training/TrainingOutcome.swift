/// The outcome of a training. The model itself has the best weights.
public struct TrainingOutcome: Sendable {
  /// The epoch with the best weights, counted from 1.
  public var bestEpoch: Int
  /// The validation score of that epoch.
  public var bestScore: Double?
  /// The number of epochs, with those of a resumed run's earlier parts.
  public var epochs: Int
  /// True if the user stopped the run before its end.
  public var wasStopped: Bool
}
