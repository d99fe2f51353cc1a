import Torch

/// Full fine-tuning: every parameter of the backbone is trained.
///
/// Nothing is added, so the output at the start is the base's, and the tuned model can be merged.
public final class FullTuning: MergeableTuning {
  /// The method; it has no settings.
  public init() {}

  /// Unfreezes the whole backbone.
  public func install(on model: MultimodalModel) { model.freeze { _ in true } }
}
