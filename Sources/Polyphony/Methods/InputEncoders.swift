import Foundation
import Torch

/// A family of pretrained encoders that can be parts of models, such as BERT.
public protocol InputEncoderFamily: Sendable {
  /// The SHA-256 of the encoder in a folder, which tells it from others.
  /// - Throws: `Fault` for a folder that is none of this family.
  func sha256(of folder: String) throws(Fault) -> String

  /// Makes the network of a configuration in Hugging Face's form, with any starting values.
  /// - Parameter input: the raw inputs that the network is to read.
  /// - Throws: `Fault(.badData)` that names the file and the key, `Fault(.usage)` for a kind of inputs that the family
  ///   does not read.
  func make(_ configuration: OrderedJSON, for input: Modality, file: String) throws(Fault) -> any InputEncoder

  /// Gives a network of this family the weights in a folder.
  /// - Throws: `Fault` for weights that are absent or do not fit.
  func load(_ folder: String, into encoder: any InputEncoder) throws(Fault)
}

/// The families of pretrained encoders that can be parts of models, by the `model_type` of their `config.json`.
///
/// This library has none. `PretrainedEncoders.register()` of `PolyphonyEncoders` adds its own, and the program `polyphony`
/// calls it. A client adds others with ``register(_:_:)``.
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

  /// The `config.json` of an encoder's folder, with sorted keys, and with its `preprocessor_config.json` if there is one.
  /// - Throws: `Fault(.missingInput)` if there is none, `Fault(.badData)` if it is no JSON.
  static func configuration(of folder: String) throws(Fault) -> OrderedJSON {
    let file = "\(folder)/config.json"
    guard FileManager.default.fileExists(atPath: file) else {
      throw Fault(
        .missingInput, "the encoder of a modality is not there", file: file,
        expected: "a folder with config.json and model.safetensors")
    }
    let document = try JSONFile.document(file)
    let preparation = "\(folder)/preprocessor_config.json"
    guard case .object(var entries) = document, FileManager.default.fileExists(atPath: preparation) else {
      return document.sorted
    }
    entries.append(.init("preprocessor_config", try JSONFile.document(preparation)))
    return OrderedJSON.object(entries).sorted
  }

  /// Makes the encoders inside a model.
  /// - Throws: The errors of the families, and `Fault(.usage)` for a network of other sizes than the model's modality.
  static func make(_ configuration: ModelConfiguration, file: String?) throws(Fault) -> [String: any InputEncoder] {
    var encoders: [String: any InputEncoder] = [:]
    for modality in configuration.modalities {
      guard let own = configuration.encoders?[modality.name] else { continue }
      let place = file ?? "config.json"
      let encoder = try family(own.network, file: place).make(own.network, for: own.input, file: place)
      let states = try encoder.states(of: own.input)
      guard states.features == modality.features, states.steps == modality.steps else {
        throw Fault(
          .usage, "an encoder inside the model has other sizes than its modality", file: place,
          key: "encoders.\(modality.name)", found: "\(states.steps) states of width \(states.features ?? 0)",
          expected: "\(modality.steps) states of width \(modality.features ?? 0)")
      }
      encoders[modality.name] = encoder
    }
    return encoders
  }
}
