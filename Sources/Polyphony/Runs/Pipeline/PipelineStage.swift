import Torch

/// A stage of a pipeline, with every setting that it depends on.
public struct PipelineStage: Sendable {
  /// The kind of a stage.
  public enum Kind: String, Sendable, CaseIterable {
    /// Trains a new model.
    case train
    /// Tunes a part of the model, or a part beside it.
    case tune
    /// Adapts the model to unlabelled samples.
    case adapt
  }

  /// The kind of the stage.
  public let kind: Kind
  /// The name of the balancing strategy, tuning method or adaptation method.
  public let method: String
  /// The data set's folder.
  public let data: String
  /// The split to adapt to.
  var split = "train"
  /// True for a stream, which gives every sample once, in its order.
  var isOnline = false
  /// The condition of its samples: corrupted, or with missing modalities.
  var condition = DataCondition()
  /// The trained model whose body a new model takes.
  var body: BodySettings?
  /// The number of samples per class for tuning. Default: all samples.
  var samples: Int?
  /// The stage's section of the recipe, with every default filled in.
  var settings = SettingsTree.empty

  init(_ kind: Kind, _ method: String, data: String) { (self.kind, self.method, self.data) = (kind, method, data) }

  /// Selects the sections with these keys, for the run of the stage.
  func recipe(_ keys: String...) -> SettingsTree {
    SettingsTree(
      .map(keys.reduce(into: [:]) { sections, key in if let section = settings[key] { sections[key] = section } }))
  }

  /// One line with the kind and the settings, without the path of the data.
  var text: String {
    guard case .map(var members) = settings.content else { return "" }
    members["data"] = nil
    return "\(kind.rawValue) \(SettingsTree(.map(members)).canonical)"
  }
}
