import Foundation
import Torch

/// The description of an adapter, which is the content of `adapter_config.json`.
///
/// ```swift
/// let description = try AdapterFolder.description(of: "runs/wander/adapter")
/// print(description.method, description.settings.yaml(), description.base)
/// ```
public struct AdapterDescription {
  /// A reference to an adapter beneath another one.
  public struct Reference: Equatable, Sendable {
    /// The folder of the adapter.
    public var path: String
    /// The SHA-256 of the adapter's weights.
    public var fingerprint: String

    /// Makes a reference.
    public init(path: String, fingerprint: String) { (self.path, self.fingerprint) = (path, fingerprint) }
  }

  /// The name of the tuning method.
  public var method: String
  /// The settings of the method, with every default filled in.
  public var settings: SettingsTree
  /// The folder of the base model at the time of the tuning. It is empty if PEFT did not know it.
  public var base: String
  /// The SHA-256 of the base model's weights. Nil for an adapter that PEFT has trained, which does not keep it.
  public var fingerprint: String?
  /// The adapter beneath this one. Nil for an adapter on the bare base.
  public var beneath: Reference?
  /// The names of the base model's modalities. Reading fills them in. ``AdapterFolder`` writes those of the model.
  public internal(set) var modalities: [String] = []

  /// Makes a description.
  public init(method: String, settings: SettingsTree, base: String, fingerprint: String?) {
    (self.method, self.settings, self.base, self.fingerprint) = (method, settings, base, fingerprint)
  }
}

extension AdapterFolder {
  /// Reads the description in an adapter's folder. The folder may be one of LoRA or (IA)³ that PEFT has saved.
  /// - Throws: `Fault(.missingInput)` for a missing adapter, `Fault(.badData)` for a damaged description, or for an
  ///   adapter of PEFT in a form that Polyphony lacks.
  public static func description(of path: String) throws(Fault) -> AdapterDescription {
    try AtomicFolder.recover(path)
    let file = "\(path)/\(configurationFile)"
    guard FileManager.default.fileExists(atPath: file) else {
      throw Fault(
        .missingInput, "there is no adapter at this path", file: path, expected: "a folder with \(configurationFile)",
        remedy: "name OUTPUT/adapter of a tuning or adaptation run")
    }
    // JSON is also YAML, so the settings can be read like a recipe.
    let tree = try SettingsTree(contentsOf: file)
    func text(_ key: String) throws(Fault) -> String {
      guard case .scalar(let scalar) = tree[key]?.content else {
        throw Fault(.badData, "the adapter's description lacks a key", file: file, key: key, expected: "a string")
      }
      return scalar.text
    }
    let own = tree["method"] == nil ? nil : try text("method")
    let (method, settings) =
      if let own, !isPEFT(own) { (own, tree["settings"] ?? .empty) } else { try peftMethod(in: tree, file: file) }
    guard own != nil else {
      let base: String? =
        if case .scalar(let name)? = tree["base_model_name_or_path"]?.content, !name.isNull { name.text } else { nil }
      return AdapterDescription(method: method, settings: settings, base: base ?? "", fingerprint: nil)
    }
    var description = AdapterDescription(
      method: method, settings: settings, base: try text("base_model_name_or_path"),
      fingerprint: try text("base_sha256"))
    guard case .list(let names)? = tree["modalities"]?.content else {
      throw Fault(
        .badData, "the adapter's description lacks a key", file: file, key: "modalities", expected: "a list of names")
    }
    description.modalities = names.compactMap { if case .scalar(let name) = $0.content { name.text } else { nil } }
    if tree["beneath_sha256"] != nil {
      description.beneath = .init(path: "\(path)/\(beneathFolder)", fingerprint: try text("beneath_sha256"))
    }
    return description
  }

  /// Makes the reference to an adapter, for the description of another one on top of it.
  /// - Throws: `Fault(.missingInput)` for a missing adapter.
  public static func reference(_ path: String) throws(Fault) -> AdapterDescription.Reference {
    _ = try description(of: path)
    return .init(path: path, fingerprint: try FileHash.sha256(of: "\(path)/\(weightsFile)"))
  }
}
