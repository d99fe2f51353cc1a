import Foundation
import Torch

/// An adapter on disk: a folder with `adapter_config.json` and `adapter_model.safetensors`. The base model does not
/// change.
///
/// The folders of LoRA and (IA)³ are adapters of Hugging Face's PEFT, and those that PEFT has saved can be read. They do
/// not say on which weights they were trained. So only names and shapes of tensors are compared. The other methods have
/// folders of the same two files, which PEFT does not know.
///
/// An adapter that was trained on top of another one has a copy of the other's folder in `beneath`. Its key
/// `beneath_sha256` is the SHA-256 of the other's weights. So a stack is one folder, which can be moved.
///
/// ```swift
/// let model = try ModelFolder.read("runs/base/model")
/// try AdapterFolder.attach("runs/lora/adapter", to: model, base: "runs/base/model")
/// try AdapterFolder.merge("runs/lora/adapter", base: "runs/base/model", to: "runs/merged")
/// ```
public enum AdapterFolder {
  static let configurationFile = "adapter_config.json"
  static let weightsFile = "adapter_model.safetensors"
  static let beneathFolder = "beneath"

  /// Makes or replaces the folder at a path, with a method's trained tensors and a copy of the adapter beneath it
  /// (``AdapterDescription/beneath``).
  /// - Throws: `Fault(.cannotWrite)`, and the errors of reading the adapter beneath. An earlier folder at the path
  ///   stays then.
  public static func write(_ installation: Installation, _ description: AdapterDescription, to path: String)
    throws(Fault)
  {
    let model = installation.model
    let count = model.parameterCount
    let beneath = description.beneath
    let peft = peftKeys(installation, description)
    let text = OrderedJSON.object(
      (peft ?? []) + [
        .init("method", .string(description.method)),
        .init("base_model_name_or_path", .string(description.base)),
        .init("base_sha256", description.fingerprint.map { .string($0) } ?? nil),
      ] + (beneath.map { [.init("beneath_sha256", .string($0.fingerprint))] } ?? []) + [
        .init("architecture", .string(model.configuration.architecture)),
        .init("modalities", .array(model.configuration.modalities.map { .string($0.name) })),
        .init("parameters", ["total": .integer(count.total), "trainable": .integer(count.trainable)]),
      ] + (peft == nil ? [.init("settings", description.settings.json)] : []) + [
        .init("version", .string(Polyphony.version))
      ]
    ).text()
    try AtomicFolder.write(to: path, replacing: .adapter) { (folder) throws(Fault) in
      try AtomicFile.write(text + "\n", to: "\(folder)/\(configurationFile)")
      try SafetensorsWriter.write(
        to: "\(folder)/\(weightsFile)",
        installation.tensors.map { .init(fileName(of: $0.key, method: description.method), $0.tensor) },
        metadata: ["format": "pt"])
      if let beneath { try copy(beneath, to: "\(folder)/\(beneathFolder)") }
    }
  }

  /// Installs an adapter on its base, with all adapters beneath it.
  ///
  /// - Parameters:
  ///   - path: the adapter's folder.
  ///   - model: the model.
  ///   - base: the folder that the model was read from. Its weights must be those of the adapter's base.
  /// - Throws: `Fault(.usage)` for another base, `Fault(.badData)` for tensors that do not fit.
  @discardableResult
  public static func attach(_ path: String, to model: MultimodalModel, base: String) throws(Fault)
    -> AdapterDescription
  {
    try install(path, on: model, base: base, fingerprint: try ModelFolder.fingerprint(base)).description
  }

  /// Installs an adapter on its base, with all adapters beneath it. Returns an installation that switches it off and
  /// on.
  ///
  /// - Parameters:
  ///   - path: the adapter's folder.
  ///   - model: the model.
  ///   - base: the folder that the model was read from, for error messages.
  ///   - found: the SHA-256 of the model's weights.
  /// - Throws: The errors of ``attach(_:to:base:)``. The model is unchanged then.
  public static func install(
    _ path: String, on model: MultimodalModel, base: String, fingerprint found: String
  ) throws(Fault) -> (installation: Installation, description: AdapterDescription) {
    let description = try description(of: path)
    if let fingerprint = description.fingerprint {
      try checkBase(description, fingerprint, of: path, model.configuration, base: base, found: found)
    }
    let configuration = model.configuration
    try checkSizes(path, configuration)
    let method = try method(description, configuration)
    var beneath: Installation?
    if let lower = try self.beneath(description, of: path) {
      beneath = try install(lower, on: model, base: base, fingerprint: found).installation
    }
    var installation: Installation?
    do {
      let made = try Installation(method, on: model, name: description.method, beneath: beneath)
      installation = made
      try load("\(path)/\(weightsFile)", into: made, method: description.method)
      return (made, description)
    } catch {
      installation?.isEnabled = false
      beneath?.isStackEnabled = false
      throw error
    }
  }

  /// Checks that an adapter was trained on a base.
  private static func checkBase(
    _ description: AdapterDescription, _ fingerprint: String, of path: String, _ configuration: ModelConfiguration,
    base: String, found: String
  ) throws(Fault) {
    guard found == fingerprint else {
      throw Fault(
        .usage, "the adapter was made for another base model", file: path, key: "base_sha256",
        found: "\(base) with \(found)", expected: "\(description.base) with \(fingerprint)",
        remedy: "name the base model that the adapter was tuned on")
    }
    let modalities = configuration.modalities.map(\.name)
    guard description.modalities == modalities else {
      throw Fault(
        .usage, "the adapter was made for other modalities", file: path, key: "modalities",
        found: description.modalities.joined(separator: ", "), expected: modalities.joined(separator: ", "),
        remedy: "use the adapter with the base model it was made for")
    }
  }

  /// Checks that all adapters beneath an adapter are present and undamaged.
  static func checkStack(_ path: String) throws(Fault) {
    if let lower = try beneath(try description(of: path), of: path) { try checkStack(lower) }
  }

  /// The folder of the adapter beneath another one, after a check of its hash. Nil for an adapter on the bare base.
  static func beneath(_ description: AdapterDescription, of path: String) throws(Fault) -> String? {
    let folder = "\(path)/\(beneathFolder)"
    let isThere = FileManager.default.fileExists(atPath: folder)
    guard let reference = description.beneath else {
      guard isThere else { return nil }
      throw Fault(
        .badData, "the adapter does not say on what it stands", file: "\(path)/\(configurationFile)",
        key: "beneath_sha256", found: "a folder \(beneathFolder), and no such key",
        expected: "the SHA-256 of its weights", remedy: "use the folder as the run has left it")
    }
    func refuse(_ problem: String, _ found: String) -> Fault {
      Fault(
        .badData, problem, file: folder, key: "beneath_sha256", found: found,
        expected: "an adapter whose weights have the SHA-256 \(reference.fingerprint)",
        remedy: "copy the whole adapter folder, as the run has left it")
    }
    guard isThere, FileManager.default.fileExists(atPath: "\(folder)/\(weightsFile)") else {
      throw refuse("what the adapter stands on is not there", "no \(isThere ? weightsFile : beneathFolder)")
    }
    let found = try FileHash.sha256(of: "\(folder)/\(weightsFile)")
    guard found == reference.fingerprint else {
      throw refuse("the adapter was made on another one", found)
    }
    return folder
  }

  /// Copies an adapter, with all adapters beneath it, into a folder. The caller makes the write atomic.
  private static func copy(_ reference: AdapterDescription.Reference, to folder: String) throws(Fault) {
    let description = try description(of: reference.path)
    try makeFolder(folder)
    do {
      for name in [configurationFile, weightsFile] {
        try FileManager.default.copyItem(atPath: "\(reference.path)/\(name)", toPath: "\(folder)/\(name)")
      }
    } catch {
      throw Fault(
        .cannotWrite, "the adapter beneath cannot be copied", file: reference.path, found: describe(error),
        expected: "a copy in \(folder)")
    }
    let found = try FileHash.sha256(of: "\(folder)/\(weightsFile)")
    guard found == reference.fingerprint else {
      throw Fault(
        .badData, "the adapter beneath has changed since the run has begun", file: reference.path, found: found,
        expected: reference.fingerprint, remedy: "leave it alone while a run stands on it, and start the run anew")
    }
    if let lower = try beneath(description, of: reference.path) {
      try copy(
        .init(path: lower, fingerprint: description.beneath?.fingerprint ?? ""), to: "\(folder)/\(beneathFolder)")
    }
  }

  private static func load(_ file: String, into installation: Installation, method: String) throws(Fault) {
    let saved = try SafetensorsFile(path: file).tensors()
    let own = installation.tensors.map { (name: fileName(of: $0.key, method: method), tensor: $0.tensor, key: $0.key) }
    for (name, tensor, key) in own where saved[name] != nil || !isOptional(key, method: method) {
      guard let source = saved[name], source.shape == tensor.shape else {
        throw unfitting(file, name, saved[name]?.description, tensor)
      }
    }
    if let extra = Set(saved.keys).subtracting(own.map(\.name)).min() {
      throw Fault(.badData, "the adapter holds a tensor that its method has no place for", file: file, key: extra)
    }
    noGrad {
      for (name, tensor, _) in own { if let source = saved[name] { tensor.copyInPlace(from: source) } }
    }
  }
}
