import Torch

/// Head tuning, or linear probing: training of the layers after the representation, with everything else frozen.
///
/// It adds no parameters, so the output at the start is the base's, and the tuned model can be merged.
///
/// ```swift
/// let installation = try Installation(HeadTuning(), on: model)
/// ```
public final class HeadTuning: MergeableTuning {
  /// Makes the method, which has no settings.
  public init() {}

  /// Freezes all parameters except those of the head.
  public func install(on model: MultimodalModel) { model.freeze(trainingHead: true) }
}
