import Foundation
import Torch

/// What an adapter folder says of itself: the content of `adapter_config.json`.
public struct AdapterDescription {
  /// The tuning method's name.
  public var method: String
  /// Its settings, all defaults filled in.
  public var settings: SettingsTree
  /// Where the base model lay when the adapter was made.
  public var base: String
  /// The SHA-256 of the base model's weights.
  public var fingerprint: String
  /// The names of the base model's modalities; read from a folder, and written from the model.
  public internal(set) var modalities: [String] = []

  /// A description.
  public init(method: String, settings: SettingsTree, base: String, fingerprint: String) {
    (self.method, self.settings, self.base, self.fingerprint) = (method, settings, base, fingerprint)
  }
}

/// What a tuning method has trained, on disk: `adapter_config.json` and `adapter_model.safetensors`, beside a base
/// model that stays as it is (the layout of Hugging Face's PEFT).
public enum AdapterFolder {
  static let configurationFile = "adapter_config.json"
  static let weightsFile = "adapter_model.safetensors"

  /// Makes or replaces the folder at a path: every tensor of the model that requires gradients, and the buffers of
  /// backbone and methods, which training changes whatever is frozen.
  /// - Throws: `Fault(.cannotWrite)`; what was there before stays then.
  public static func write(_ model: MultimodalModel, _ description: AdapterDescription, to path: String)
    throws(Fault)
  {
    let count = model.parameterCount
    let text = OrderedJSON.object([
      .init("peft_type", .string(description.method.uppercased())),
      .init("method", .string(description.method)),
      .init("base_model_name_or_path", .string(description.base)),
      .init("base_sha256", .string(description.fingerprint)),
      .init("architecture", .string(model.configuration.architecture)),
      .init("modalities", .array(model.configuration.modalities.map { .string($0.name) })),
      .init("parameters", ["total": .integer(count.total), "trainable": .integer(count.trainable)]),
      .init("settings", description.settings.json),
      .init("version", .string(Polyphony.version)),
    ]).text()
    try AtomicFolder.write(to: path) { (folder) throws(Fault) in
      try AtomicFile.write(text + "\n", to: "\(folder)/\(configurationFile)")
      try SafetensorsWriter.write(
        to: "\(folder)/\(weightsFile)", tensors(of: model).map { .init($0.key, $0.tensor) },
        metadata: ["format": "pt"])
    }
  }

  /// Reads what a folder says of itself.
  public static func description(of path: String) throws(Fault) -> AdapterDescription {
    try AtomicFolder.recover(path)
    let file = "\(path)/\(configurationFile)"
    guard FileManager.default.fileExists(atPath: file) else {
      throw Fault(
        .missingInput, "there is no adapter at this path", file: path, expected: "a folder with \(configurationFile)",
        remedy: "name OUTPUT/adapter of a tuning or adaptation run")
    }
    // JSON is YAML, and the settings are to be read as a recipe's.
    let tree = try SettingsTree(contentsOf: file)
    func text(_ key: String) throws(Fault) -> String {
      guard case .scalar(let scalar) = tree[key]?.content else {
        throw Fault(.badData, "the adapter's description lacks a key", file: file, key: key, expected: "a string")
      }
      return scalar.text
    }
    var description = AdapterDescription(
      method: try text("method"), settings: tree["settings"] ?? .empty, base: try text("base_model_name_or_path"),
      fingerprint: try text("base_sha256"))
    guard case .list(let names)? = tree["modalities"]?.content else {
      throw Fault(
        .badData, "the adapter's description lacks a key", file: file, key: "modalities", expected: "a list of names")
    }
    description.modalities = names.compactMap { if case .scalar(let name) = $0.content { name.text } else { nil } }
    return description
  }

  /// Installs an adapter's method on its base and gives it the trained tensors.
  ///
  /// - Parameters:
  ///   - path: the adapter's folder.
  ///   - model: the model.
  ///   - base: the folder that the model was read from; its weights must be those the adapter was made for.
  /// - Throws: `Fault(.usage)` for another base, `Fault(.badData)` for tensors that do not fit.
  @discardableResult
  public static func attach(_ path: String, to model: MultimodalModel, base: String) throws(Fault)
    -> AdapterDescription
  {
    try install(path, on: model, base: base, fingerprint: try ModelFolder.fingerprint(base)).description
  }

  /// Installs an adapter's method on its base, to be switched off and on again.
  ///
  /// - Parameters:
  ///   - path: the adapter's folder.
  ///   - model: the model.
  ///   - base: the folder that the model was read from, for messages.
  ///   - found: the SHA-256 of its weights.
  /// - Throws: As ``attach(_:to:base:)``; the model is as before then.
  public static func install(
    _ path: String, on model: MultimodalModel, base: String, fingerprint found: String
  ) throws(Fault) -> (installation: Installation, description: AdapterDescription) {
    let description = try description(of: path)
    guard found == description.fingerprint else {
      throw Fault(
        .usage, "the adapter was made for another base model", file: path, key: "base_sha256",
        found: "\(base) with \(found)", expected: "\(description.base) with \(description.fingerprint)",
        remedy: "name the base model that the adapter was tuned on")
    }
    let configuration = model.configuration
    let modalities = configuration.modalities.map(\.name)
    guard description.modalities == modalities else {
      throw Fault(
        .usage, "the adapter was made for other modalities", file: path, key: "modalities",
        found: description.modalities.joined(separator: ", "), expected: modalities.joined(separator: ", "),
        remedy: "use the adapter with the base model it was made for")
    }
    let maker = try TuningMethods.restorer(description.method)
    let method = try SettingsReader.read(description.settings, kind: .badData) { (reader) throws(Fault) in
      try maker(reader, configuration)
    }.value
    let installation = try Installation(method, on: model)
    do {
      try load("\(path)/\(weightsFile)", into: model)
    } catch {
      installation.isEnabled = false
      throw error
    }
    return (installation, description)
  }

  /// What an adapter holds: what is trained, and the buffers of backbone and attached methods.
  static func tensors(of model: MultimodalModel) -> [(key: String, tensor: Tensor)] {
    let own = model.backbone.storage().filter { !$0.storage.isTrainable }
    let buffers =
      own
      + model.attachments.enumerated().flatMap { index, method in
        method.storage().filter { !$0.storage.isTrainable }.map { ("attachment.\(index).\($0.key)", $0.storage) }
      }
    return (model.trainableParameters() + buffers).map { ($0.key, $0.storage.tensor!.detached()) }
  }

  private static func load(_ file: String, into model: MultimodalModel) throws(Fault) {
    let saved = try SafetensorsFile(path: file).tensors()
    let own = tensors(of: model)
    for (key, tensor) in own {
      guard let source = saved[key], source.shape == tensor.shape else {
        throw Fault(
          .badData, "the adapter does not fit this model", file: file, key: key,
          found: saved[key]?.description ?? "no such tensor", expected: tensor.description,
          remedy: "use the adapter with the base model it was made for")
      }
    }
    if let extra = Set(saved.keys).subtracting(own.map(\.key)).min() {
      throw Fault(.badData, "the adapter holds a tensor that its method has no place for", file: file, key: extra)
    }
    noGrad { for (key, tensor) in own { tensor.copyInPlace(from: saved[key]!) } }
  }
}
