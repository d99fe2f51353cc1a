import Torch

/// Head only, or linear probing: the layers after the representation are trained, everything else is frozen.
///
/// Nothing is added, so the output at the start is the base's, and the tuned model can be merged.
public final class HeadTuning: MergeableTuning {
  /// The method; it has no settings.
  public init() {}

  /// Freezes all but the head.
  public func install(on model: MultimodalModel) { model.freeze(trainingHead: true) }
}
