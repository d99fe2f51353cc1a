import Torch

/// Who watches a pipeline.
public struct PipelineWatch {
  /// Watchers of one training or tuning, made anew for each.
  public var training: (_ name: String) -> [any TrainingObserver] = { _ in [] }
  /// Watchers of one adaptation, made anew for each.
  public var adaptation: (_ name: String, _ isOnline: Bool) -> [any AdaptationObserver] = { _, _ in [] }
  /// Gets a line about each stage and score.
  public var note: (String) -> Void = { _ in }

  /// Nobody.
  public init() {}
}
