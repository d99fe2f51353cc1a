/// How a training went; the model itself has its best weights.
public struct TrainingOutcome: Sendable {
  /// The epoch whose weights were chosen, counted from 1.
  public var bestEpoch: Int
  /// Its score on the validation split.
  public var bestScore: Double?
  /// Epochs that were run, earlier parts of a resumed run too.
  public var epochs: Int
  /// Whether the user asked the run to stop before its end.
  public var wasStopped: Bool
}
