import Torch

/// Training with one modality, the counterpart of joint training: the same model, with the other modalities always
/// absent.
///
/// The model's configuration stores `only`. So the model's folder gives the same predictions later, for data with any
/// modalities. Encoders of the absent modalities get zeros as input and are trained with the rest. Their outputs carry
/// no information about a sample.
///
/// ```swift
/// let hook = try UnimodalTraining("text", model)
/// let trainer = try Trainer(
///   model, training: training, validation: validation, settings: .init(), seed: 0, hook: hook)
/// let outcome = try trainer.run()
/// ```
public final class UnimodalTraining: StepHook {
  /// Restricts a model to one of its modalities.
  /// - Throws: `Fault(.usage)` for a modality that the model does not have.
  public init(_ modality: String, _ model: MultimodalModel) throws(Fault) { try model.restrict(to: [modality]) }

  /// Always true.
  public var takesParts: Bool { true }

  /// Reads the setting `modality`, by default the first one.
  convenience init(_ reader: SettingsReader, _ model: MultimodalModel) throws(Fault) {
    let names = model.configuration.modalities.map(\.name)
    try self.init(try reader.choice("modality", of: names, default: names[0]), model)
  }
}
