import Torch

/// Everything about a training run that a recipe can say, besides where data and results lie.
public struct TrainingRecipe: Sendable {
  /// What is done to features before the model sees them.
  public enum Normalization: String, Sendable, CaseIterable {
    /// Mean 0 and deviation 1 over the training split.
    case standard
    /// Nothing.
    case none
  }

  /// The backbone without modalities and task, which come from the data.
  public var model: ModelSettings
  /// The loop.
  public var training: TrainingSettings
  /// What is done to features.
  public var normalization: Normalization

  /// Reads the sections `model`, `training` and `normalization`.
  public init(_ reader: SettingsReader) throws(Fault) {
    model = try reader.section("model") { (section) throws(Fault) in try ModelSettings(section) }
    training = try reader.section("training") { (section) throws(Fault) in try TrainingSettings(section) }
    normalization = try reader.choice("normalization", default: .standard)
  }
}
