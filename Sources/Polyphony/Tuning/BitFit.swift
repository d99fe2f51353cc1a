import Torch

/// BitFit: training of all biases, also those of LayerNorms, and of the head (Ben-Zaken et al. 2022).
///
/// It adds no parameters, so the output at the start is the base's, and the tuned model can be merged. Settings:
/// `train_head` (true).
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "train_head: true", file: "recipe")
/// let (bitfit, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try BitFit(reader) }
/// let installation = try Installation(bitfit, on: model)
/// ```
public final class BitFit: MergeableTuning {
  private let trainsHead: Bool

  /// Reads the settings.
  /// - Throws: `Fault(.usage)` for a value of another type.
  public init(_ settings: SettingsReader) throws(Fault) { trainsHead = try settings.trainsHead() }

  /// Freezes all parameters except biases (keys that end in `bias`) and the head.
  public func install(on model: MultimodalModel) {
    let backbone = type(of: model.backbone)
    model.freeze { $0.hasSuffix("bias") || trainsHead && backbone.isHead($0) }
  }
}
