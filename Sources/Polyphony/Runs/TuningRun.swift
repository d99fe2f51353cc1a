import Torch

/// One tuning run from its parts: a base model and what it carries already, a method by name, data.
public struct TuningRun {
  /// The base's folder; it stays as it is.
  public var base: String
  /// The folder of an adapter that the base carries already; it stays as it is, and the new one stands on it.
  public var adapter: String?
  /// The method's name.
  public var method: String
  /// The section `tuning` of a recipe: the method's settings.
  public var settings: SettingsTree
  /// The loop.
  public var training: TrainingSettings
  /// What every random number follows from, the method's starting values too.
  public var seed: UInt64
  /// Where to compute.
  public var device: Device
  /// How modalities go missing in training and validation; nil for complete data.
  public var missing: MissingProtocol?

  /// What a run leaves behind.
  public struct Result {
    /// The method on its model, with the weights of the best epoch.
    public let installation: Installation
    /// What the adapter folder says of itself.
    public let description: AdapterDescription
    /// How the training went.
    public let summary: Trainer.Summary
  }

  /// A run.
  public init(
    base: String, adapter: String? = nil, method: String, settings: SettingsTree = .empty,
    training: TrainingSettings = .init(),
    seed: UInt64 = 0, device: Device = .cpu, missing: MissingProtocol? = nil
  ) {
    (self.base, self.adapter, self.method, self.settings) = (base, adapter, method, settings)
    (self.training, self.seed, self.device, self.missing) = (training, seed, device, missing)
  }

  /// Reads the base with what it carries, and installs the method with its starting values, which follow from the seed.
  /// - Throws: `Fault(.usage)` for an unknown method, settings that make no sense, or a method that cannot serve the base.
  public func install() throws(Fault) -> (installation: Installation, description: AdapterDescription) {
    let (installation, description, _) = try prepare()
    return (installation, description)
  }

  private func prepare() throws(Fault) -> (Installation, AdapterDescription, origin: String) {
    let maker = try TuningMethods.maker(method)
    let carried = try CarriedModel(base, adapter: adapter)
    let configuration = carried.model.configuration
    carried.model.move(to: device)
    // After what lies beneath, whose making draws numbers too.
    Libtorch.seed(seed)
    let (tuning, resolved) = try SettingsReader.read(settings) { (reader) throws(Fault) in
      try maker(reader, configuration)
    }
    let installation = try Installation(tuning, on: carried.model, name: method, beneath: carried.installation)
    return (installation, carried.description(method: method, settings: resolved), carried.identity)
  }

  /// Tunes, choosing the best epoch on the validation split.
  ///
  /// - Parameters:
  ///   - split: what is learned from.
  ///   - validation: where the best epoch is chosen.
  ///   - folder: where checkpoints and, in `adapter`, the chosen adapter go; nothing is written without it.
  ///   - resume: continues from the folder's checkpoint, if it has one.
  ///   - observers: who watches.
  /// - Throws: What ``install()`` and ``Trainer`` throw.
  public func run(
    training split: LabelledSplit, validation: LabelledSplit, folder: RunFolder? = nil, resume: Bool = false,
    observers: [any TrainingObserver] = []
  ) throws(Fault) -> Result {
    let (installation, description, origin) = try prepare()
    let (model, method) = (installation.model, installation.method)
    try method.fit(split.samples, on: model)
    var corruption: MissingCorruption?
    if let missing {
      corruption = try MissingCorruption(
        missing, training: split.samples, validation: validation.samples, model.configuration.modalities, seed: seed)
    }
    let trainer = try Trainer(
      model, training: split, validation: validation, settings: training, seed: seed,
      strategy: method.strategy ?? JointTraining(), corruption: corruption, device: device, folder: folder?.path,
      origin: origin, observers: observers
    ) { (_, path) throws(Fault) in
      try AdapterFolder.write(installation, description, to: "\(path)/adapter")
    }
    let summary = try trainer.run(resume: resume)
    return Result(installation: installation, description: description, summary: summary)
  }
}
