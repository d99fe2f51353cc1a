import Torch

/// A base model with several adapters, one of which acts at a time; switching reads nothing anew.
///
/// An adapter that stands on others is switched together with them.
/// With none active the model is the base, bit for bit.
public final class AdapterSet {
  /// The base with the active adapter.
  public let model: MultimodalModel
  /// The folder of the base.
  public let base: String
  /// The adapter that acts.
  public private(set) var active: String?
  private let fingerprint: String
  private var installations: [(name: String, installation: Installation)] = []

  /// Reads a base model.
  /// - Throws: What ``ModelFolder/read(_:)`` throws.
  public init(base: String) throws(Fault) {
    self.base = base
    model = try ModelFolder.read(base)
    fingerprint = try ModelFolder.fingerprint(base)
    model.backbone.freeze()
  }

  /// The names of all adapters, in the order in which they were added.
  public var names: [String] { installations.map(\.name) }

  /// Reads an adapter, without switching it on.
  /// - Throws: `Fault(.usage)` for another base or a name that is taken, `Fault(.badData)` for a damaged adapter; what is
  ///   active stays so.
  public func add(_ path: String, as name: String) throws(Fault) {
    try add(name) { () throws(Fault) in
      try AdapterFolder.install(path, on: model, base: base, fingerprint: fingerprint).installation
    }
  }

  /// Takes in a method that has not been trained yet, without switching it on.
  /// - Throws: `Fault(.usage)` where it cannot serve this model, or for a name that is taken.
  public func add(_ method: any TuningMethod, as name: String) throws(Fault) {
    try add(name) { () throws(Fault) in try Installation(method, on: model, name: name) }
  }

  /// Switches an adapter on, and the one before it off.
  /// - Throws: `Fault(.usage)` for an unknown name; nothing changes then.
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

  /// Switches the active adapter off: the model is the base.
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
