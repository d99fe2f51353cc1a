import Torch

/// What a run writes besides its model.
public enum RunLogs {
  /// Observers for a run's folder.
  public static func observers(_ folder: RunFolder) throws(Fault) -> [any TrainingObserver] { [] }
}
