import Torch

/// The observers of a pipeline.
public struct PipelineWatch {
  /// Makes the observers of one training or tuning.
  public var training: (_ name: String) -> [any TrainingObserver] = { _ in [] }
  /// Makes the observers of one adaptation.
  public var adaptation: (_ name: String, _ isOnline: Bool) -> [any AdaptationObserver] = { _, _ in [] }
  /// Receives a line about each stage and score.
  public var note: (String) -> Void = { _ in }

  /// Makes a value without observers.
  public init() {}
}
