import Torch

/// Joint training's counterpart: the same model with one modality, the others absent from the start.
///
/// The model's configuration keeps `only`, so that its folder gives the same predictions later, whatever modalities the
/// data hold. Encoders of the absent modalities see zeros; they are trained with the rest, and their outputs carry
/// nothing about a sample.
public final class UnimodalTraining: StepHook {
  /// Restricts a model to one of its modalities.
  /// - Throws: `Fault(.usage)` for a modality that the model does not have.
  public init(_ modality: String, _ model: MultimodalModel) throws(Fault) { try model.restrict(to: [modality]) }

  /// Reads `modality`; the first one by default.
  convenience init(_ reader: SettingsReader, _ model: MultimodalModel) throws(Fault) {
    let names = model.configuration.modalities.map(\.name)
    try self.init(try reader.choice("modality", of: names, default: names[0]), model)
  }
}
