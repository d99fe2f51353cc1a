import Foundation
import Torch

/// A family of pretrained encoders that can be parts of models, such as BERT.
public protocol InputEncoderFamily: Sendable {
  /// The record of the encoder in a folder, whose hash tells it from others.
  /// - Throws: `Fault` for a folder that is none of this family.
  func record(of folder: String) throws(Fault) -> EncoderRecord

  /// Makes the network of a configuration in Hugging Face's form, with any starting values.
  /// - Throws: `Fault(.badData)` that names the file and the key.
  func make(_ configuration: OrderedJSON, file: String) throws(Fault) -> any InputEncoder

  /// Gives a network of this family the weights in a folder.
  /// - Throws: `Fault` for weights that are absent or do not fit.
  func load(_ folder: String, into encoder: any InputEncoder) throws(Fault)
}

/// The families of pretrained encoders that can be parts of models, by the `model_type` of their `config.json`.
///
/// This library has none. `TextEncoders.register()` of `PolyphonyEncoders` adds those of texts, and the program
/// `polyphony` calls it. A client adds its own with ``register(_:_:)``.
public enum InputEncoders {
  private static let registry = Registry<any InputEncoderFamily>([])

  /// The names of all families.
  public static var names: [String] { registry.names }

  /// Adds a family.
  public static func register(_ name: String, _ family: any InputEncoderFamily) { registry[name] = family }

  /// The family that a configuration names.
  /// - Throws: `Fault(.usage)` for an unknown one.
  static func family(_ configuration: OrderedJSON, file: String) throws(Fault) -> any InputEncoderFamily {
    guard case .string(let name)? = configuration["model_type"] else {
      throw Fault(
        .badData, "the encoder's configuration names no family", file: file, key: "model_type",
        expected: names.joined(separator: ", "))
    }
    return try registry.value(name, "an encoder of this family cannot be inside a model", key: "model_type", file: file)
  }

  /// The `config.json` of an encoder's folder, with sorted keys.
  /// - Throws: `Fault(.missingInput)` if there is none, `Fault(.badData)` if it is no JSON.
  static func configuration(of folder: String) throws(Fault) -> OrderedJSON {
    let file = "\(folder)/config.json"
    guard FileManager.default.fileExists(atPath: file) else {
      throw Fault(
        .missingInput, "the encoder of a modality is not there", file: file,
        expected: "a folder with config.json and model.safetensors")
    }
    return try JSONFile.document(file).sorted
  }

  /// Makes the encoders inside a model.
  /// - Throws: The errors of the families, and `Fault(.usage)` for a network of other sizes than the model's modality.
  static func make(_ configuration: ModelConfiguration, file: String?) throws(Fault) -> [String: any InputEncoder] {
    var encoders: [String: any InputEncoder] = [:]
    for modality in configuration.modalities {
      guard let own = configuration.encoders?[modality.name], let record = modality.encoder else { continue }
      let place = file ?? "config.json"
      let encoder = try family(own, file: place).make(own, file: place)
      let found = [encoder.width, encoder.vocabulary, encoder.longest]
      guard encoder.width == modality.features, encoder.vocabulary == record.vocabulary,
        encoder.longest >= max(modality.steps, record.longest ?? 0)
      else {
        throw Fault(
          .usage, "an encoder inside the model has other sizes than its modality", file: place,
          key: "encoders.\(modality.name)",
          found: "width \(found[0]), \(found[1]) different tokens, at most \(found[2]) of them",
          expected: "width \(modality.features ?? 0), \(record.vocabulary ?? 0) different tokens, at least "
            + "\(max(modality.steps, record.longest ?? 0)) of them")
      }
      encoders[modality.name] = encoder
    }
    return encoders
  }
}
