import Torch

/// BitFit: all biases are trained (Ben-Zaken et al. 2022), those of LayerNorms too, and the head.
///
/// Nothing is added, so the output at the start is the base's, and the tuned model can be merged.
/// Settings: `train_head` (true).
public final class BitFit: MergeableTuning {
  private let trainsHead: Bool

  /// Reads the settings.
  public init(_ settings: SettingsReader) throws(Fault) { trainsHead = try settings.trainsHead() }

  /// Freezes all but biases (keys that end in `bias`) and the head.
  public func install(on model: MultimodalModel) {
    let backbone = type(of: model.backbone)
    model.freeze { $0.hasSuffix("bias") || trainsHead && backbone.isHead($0) }
  }
}
