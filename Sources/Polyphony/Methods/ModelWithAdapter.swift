import Torch

/// A model from its folder, with an adapter if the caller names one.
///
/// ```swift
/// let base = try ModelWithAdapter("runs/base/model")
/// let (installation, description) = try base.install("lora", seed: 0)
/// // … train `installation.model` …
/// try AdapterFolder.write(installation, description, to: "runs/lora/adapter")
/// ```
public final class ModelWithAdapter {
  /// The model on its device and in evaluation mode, with its adapter enabled.
  public let model: MultimodalModel
  /// The adapter on the model. Nil without an adapter.
  public let installation: Installation?
  /// The reference to the adapter, for the description of another one on top of it.
  public let adapter: AdapterDescription.Reference?
  /// The folder of the base.
  public let base: String
  private var knownFingerprint: String?

  /// Reads a base and an adapter, with all adapters beneath it.
  ///
  /// - Parameters:
  ///   - base: the model's folder.
  ///   - adapter: the adapter's folder.
  ///   - device: the device of the model.
  /// - Throws: The errors of ``ModelFolder/read(_:)`` and ``AdapterFolder/install(_:on:base:fingerprint:)``.
  public init(_ base: String, adapter: String? = nil, device: Device = .cpu) throws(Fault) {
    self.base = base
    model = try ModelFolder.read(base)
    if let adapter {
      let fingerprint = try ModelFolder.fingerprint(base)
      self.adapter = try AdapterFolder.reference(adapter)
      installation = try AdapterFolder.install(adapter, on: model, base: base, fingerprint: fingerprint).installation
      knownFingerprint = fingerprint
    } else {
      (installation, self.adapter) = (nil, nil)
    }
    model.move(to: device)
    model.train(false)
  }

  /// The SHA-256 of the base's weights. The first call computes it.
  public func fingerprint() throws(Fault) -> String {
    if let knownFingerprint { return knownFingerprint }
    let fingerprint = try ModelFolder.fingerprint(base)
    knownFingerprint = fingerprint
    return fingerprint
  }

  /// Installs a tuning method with its starting values, for the caller's own training loop.
  ///
  /// - Parameters:
  ///   - name: the method's name.
  ///   - settings: the section `tuning` of a recipe.
  ///   - seed: the seed of the starting values.
  /// - Returns: the method on the model, and the description that ``AdapterFolder/write(_:_:to:)`` needs.
  /// - Throws: `Fault(.usage)` for an unknown method, invalid settings, or a method that does not fit the model.
  public func install(
    _ name: String, settings: SettingsTree = .empty, seed: UInt64 = 0
  ) throws(Fault) -> (installation: Installation, description: AdapterDescription) {
    let maker = try TuningMethods.maker(name)
    let configuration = model.configuration
    // Reading the adapters beneath draws random numbers too. So the generator is seeded after it.
    Libtorch.seed(seed)
    let (method, resolved) = try SettingsReader.read(settings) { (reader) throws(Fault) in
      try maker(reader, configuration)
    }
    let made = try Installation(method, on: model, name: name, beneath: installation)
    return (made, try description(method: name, settings: resolved))
  }

  /// The hashes of the weights of base and adapter. A run with other starting weights must not continue from these.
  package func identity() throws(Fault) -> String { try fingerprint() + (adapter.map { " \($0.fingerprint)" } ?? "") }

  /// The description of an adapter that a method trains on this model.
  func description(method: String, settings: SettingsTree) throws(Fault) -> AdapterDescription {
    var description = AdapterDescription(
      method: method, settings: settings, base: base, fingerprint: try fingerprint())
    description.beneath = adapter
    return description
  }
}
