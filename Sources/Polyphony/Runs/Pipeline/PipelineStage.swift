import Torch

/// A stage of a pipeline: what is done, with every setting that it depends on.
public struct PipelineStage: Sendable {
  /// What a stage does.
  public enum Kind: String, Sendable, CaseIterable {
    /// Trains a new model.
    case train
    /// Tunes a part of the model, or a part beside it.
    case tune
    /// Adapts the model to unlabelled samples.
    case adapt
  }

  /// What it does.
  public let kind: Kind
  /// The balancing strategy, tuning method or method of adaptation.
  public let method: String
  /// The data set's folder.
  public let data: String
  /// The split that is adapted to.
  var split = "train"
  /// Whether samples come once, in their order.
  var isOnline = false
  /// How its samples are met: corrupted, with modalities missing.
  var condition = DataCondition()
  /// How many samples of every class it is tuned with; nil for all.
  var samples: Int?
  /// Its section of the recipe, with every default filled in.
  var settings = SettingsTree.empty

  init(_ kind: Kind, _ method: String, data: String) { (self.kind, self.method, self.data) = (kind, method, data) }

  /// A part of the settings, for the run that does the stage.
  func recipe(_ keys: String...) -> SettingsTree {
    SettingsTree(
      .map(keys.reduce(into: [:]) { sections, key in if let section = settings[key] { sections[key] = section } }))
  }

  /// What the settings say, less where the data lies, in one line.
  var text: String {
    guard case .map(var members) = settings.content else { return "" }
    members["data"] = nil
    return "\(kind.rawValue) \(SettingsTree(.map(members)).canonical)"
  }
}
