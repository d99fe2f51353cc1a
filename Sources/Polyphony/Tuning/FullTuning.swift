import Torch

/// Full fine-tuning: training of every parameter of the backbone.
///
/// It adds no parameters, so the output at the start is the base's, and the tuned model can be merged.
///
/// ```swift
/// let installation = try Installation(FullTuning(), on: model)
/// ```
public final class FullTuning: MergeableTuning {
  /// Makes the method, which has no settings.
  public init() {}

  /// Unfreezes the whole backbone.
  public func install(on model: MultimodalModel) { model.freeze { _ in true } }
}
