import Foundation
import Torch

/// What an adapter folder says of itself: the content of `adapter_config.json`.
public struct AdapterDescription {
  /// An adapter that another one stands on.
  public struct Reference: Equatable, Sendable {
    /// Its folder.
    public var path: String
    /// The SHA-256 of its weights.
    public var fingerprint: String

    /// A reference.
    public init(path: String, fingerprint: String) { (self.path, self.fingerprint) = (path, fingerprint) }
  }

  /// The tuning method's name.
  public var method: String
  /// Its settings, all defaults filled in.
  public var settings: SettingsTree
  /// Where the base model lay when the adapter was made.
  public var base: String
  /// The SHA-256 of the base model's weights.
  public var fingerprint: String
  /// The adapter that it stands on; nil where it stands on the bare base.
  public var beneath: Reference?
  /// The names of the base model's modalities; read from a folder, and written from the model.
  public internal(set) var modalities: [String] = []

  /// A description.
  public init(method: String, settings: SettingsTree, base: String, fingerprint: String) {
    (self.method, self.settings, self.base, self.fingerprint) = (method, settings, base, fingerprint)
  }
}

extension AdapterFolder {
  /// Reads what a folder says of itself.
  /// - Throws: `Fault(.missingInput)` where there is no adapter, `Fault(.badData)` for a damaged description.
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
    if tree["beneath_sha256"] != nil {
      description.beneath = .init(path: "\(path)/\(beneathFolder)", fingerprint: try text("beneath_sha256"))
    }
    return description
  }

  /// What is to be said of an adapter by those that stand on it.
  /// - Throws: `Fault(.missingInput)` where there is none.
  public static func reference(_ path: String) throws(Fault) -> AdapterDescription.Reference {
    _ = try description(of: path)
    return .init(path: path, fingerprint: try FileHash.sha256(of: "\(path)/\(weightsFile)"))
  }
}
