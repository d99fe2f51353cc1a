import Torch

/// A base model with several adapters, of which at most one is active. Switching does not read files.
///
/// An adapter on top of others is switched together with them. Without an active adapter the model is the base, bit for
/// bit.
///
/// ```swift
/// let adapters = try AdapterSet(base: "runs/base/model")
/// try adapters.add("runs/lora/adapter", as: "lora")
/// try adapters.add("runs/wander/adapter", as: "wander")
/// try adapters.activate("wander")
/// let prediction = adapters.model(inputs).prediction
/// ```
public final class AdapterSet {
  /// The base with the active adapter.
  public let model: MultimodalModel
  /// The folder of the base.
  public let base: String
  /// The name of the active adapter. Nil for the base.
  public private(set) var active: String?
  private let fingerprint: String
  private var installations: [(name: String, installation: Installation)] = []

  /// Reads a base model.
  /// - Throws: The errors of ``ModelFolder/read(_:)``.
  public init(base: String) throws(Fault) {
    self.base = base
    model = try ModelFolder.read(base)
    fingerprint = try ModelFolder.fingerprint(base)
    model.backbone.freeze()
  }

  /// The names of all adapters, in the order of their addition.
  public var names: [String] { installations.map(\.name) }

  /// Reads an adapter without activating it.
  /// - Throws: `Fault(.usage)` for another base or a name that is taken, `Fault(.badData)` for a damaged adapter. The
  ///   active adapter stays active.
  public func add(_ path: String, as name: String) throws(Fault) {
    try add(name) { () throws(Fault) in
      try AdapterFolder.install(path, on: model, base: base, fingerprint: fingerprint).installation
    }
  }

  /// Adds an untrained method without activating it.
  /// - Throws: `Fault(.usage)` for a method that does not fit the model, or for a name that is taken.
  public func add(_ method: any TuningMethod, as name: String) throws(Fault) {
    try add(name) { () throws(Fault) in try Installation(method, on: model, name: name) }
  }

  /// Activates an adapter, and deactivates the one before it.
  /// - Throws: `Fault(.usage)` for an unknown name. The active adapter stays active then.
  public func activate(_ name: String) throws(Fault) {
    guard let chosen = installations.first(where: { $0.name == name }) else {
      throw Fault(
        .usage, "there is no adapter of this name", file: base, key: "adapter", found: name,
        expected: names.isEmpty ? "none has been added" : names.joined(separator: ", "),
        remedy: Suggestion.question(for: name, among: names))
    }
    deactivate()
    chosen.installation.isStackEnabled = true
    active = name
  }

  /// Deactivates the active adapter. The model is the base then.
  public func deactivate() {
    for (_, installation) in installations { installation.isStackEnabled = false }
    active = nil
  }

  private func add(_ name: String, _ install: () throws(Fault) -> Installation) throws(Fault) {
    guard !names.contains(name) else {
      throw Fault(
        .usage, "there is an adapter of this name already", file: base, key: "adapter", found: name,
        expected: "another name")
    }
    let before = active
    deactivate()
    defer {
      if let before { try? activate(before) }
    }
    let installation = try install()
    installation.isStackEnabled = false
    installations.append((name, installation))
  }
}
