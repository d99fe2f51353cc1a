import Torch

/// A model as a run starts from it: a base from its folder, with the adapter that it carries already, if any.
public struct ModelWithAdapter {
  /// The model, its adapter enabled.
  public let model: MultimodalModel
  /// What it carries.
  public let installation: Installation?
  /// The adapter's folder, for whatever is to stand on it.
  public let adapter: AdapterDescription.Reference?
  /// The base's folder.
  public let base: String
  /// The SHA-256 of the base's weights.
  public let fingerprint: String

  /// Reads a base and an adapter, with all that it stands on.
  /// - Throws: What ``ModelFolder/read(_:)`` and ``AdapterFolder/install(_:on:base:fingerprint:)`` throw.
  public init(_ base: String, adapter: String? = nil) throws(Fault) {
    self.base = base
    model = try ModelFolder.read(base)
    fingerprint = try ModelFolder.fingerprint(base)
    guard let adapter else {
      (installation, self.adapter) = (nil, nil)
      return
    }
    self.adapter = try AdapterFolder.reference(adapter)
    installation = try AdapterFolder.install(adapter, on: model, base: base, fingerprint: fingerprint).installation
  }

  /// Installs a tuning method with its starting values, for a training loop of one's own.
  ///
  /// - Parameters:
  ///   - name: the method's name.
  ///   - settings: the section `tuning` of a recipe.
  ///   - seed: what the starting values follow from.
  /// - Returns: the method on the model, and what ``AdapterFolder/write(_:_:to:)`` needs to know of it.
  /// - Throws: `Fault(.usage)` for an unknown method, settings that make no sense, or a method that cannot serve the model.
  public func install(
    _ name: String, settings: SettingsTree = .empty, seed: UInt64 = 0
  ) throws(Fault) -> (installation: Installation, description: AdapterDescription) {
    let maker = try TuningMethods.maker(name)
    let configuration = model.configuration
    // After what lies beneath, whose making draws numbers too.
    Libtorch.seed(seed)
    let (method, resolved) = try SettingsReader.read(settings) { (reader) throws(Fault) in
      try maker(reader, configuration)
    }
    let made = try Installation(method, on: model, name: name, beneath: installation)
    return (made, description(method: name, settings: resolved))
  }

  /// What weights these are: a run that started from others must not be continued from these.
  var identity: String { fingerprint + (adapter.map { " \($0.fingerprint)" } ?? "") }

  /// What a method that is installed on this model says of itself.
  func description(method: String, settings: SettingsTree) -> AdapterDescription {
    var description = AdapterDescription(method: method, settings: settings, base: base, fingerprint: fingerprint)
    description.beneath = adapter
    return description
  }
}
