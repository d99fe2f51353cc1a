import Torch

/// The recipe of a training run, without the folders of data and results.
public struct TrainingRecipe: Sendable {
  /// The preparation of features before the model sees them.
  public enum Normalization: String, Sendable, CaseIterable {
    /// Standardises to mean 0 and deviation 1 over the training split.
    case standard
    /// Leaves features as they are.
    case none
  }

  /// The backbone. Its modalities and task come from the data.
  public var model: ModelSettings
  /// The settings of the training loop.
  public var training: TrainingSettings
  /// The preparation of features.
  public var normalization: Normalization

  /// Reads the sections `model`, `training` and `normalization`.
  public init(_ reader: SettingsReader) throws(Fault) {
    model = try reader.section("model") { (section) throws(Fault) in try ModelSettings(section) }
    training = try reader.training(of: model.architecture)
    normalization = try reader.choice("normalization", default: .standard)
  }

  /// The model configuration for a data set, with the statistics of the features in its training split.
  func configuration(
    for description: DatasetDescription, _ samples: UnlabelledSplit
  ) throws(Fault) -> ModelConfiguration {
    try training.patched(
      try model.configuration(
        description.modalities, description.task, training: samples, standardizes: normalization == .standard))
  }
}

extension SettingsReader {
  /// Reads the section `training` for a backbone, whose defaults hold for keys that it does not have.
  func training(of architecture: String) throws(Fault) -> TrainingSettings {
    let standard = Architectures.defaults(of: architecture).training
    return try section("training") { (section) throws(Fault) in try TrainingSettings(section, default: standard) }
  }
}
