import Torch

/// One tuning run from its parts: a base model, a method by name, data.
public struct TuningRun {
  /// The base's folder; it stays as it is.
  public var base: String
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
    base: String, method: String, settings: SettingsTree = .empty, training: TrainingSettings = .init(),
    seed: UInt64 = 0, device: Device = .cpu, missing: MissingProtocol? = nil
  ) {
    (self.base, self.method, self.settings) = (base, method, settings)
    (self.training, self.seed, self.device, self.missing) = (training, seed, device, missing)
  }

  /// Reads the base and installs the method with its starting values, which follow from the seed.
  /// - Throws: `Fault(.usage)` for an unknown method, settings that make no sense, or a method that cannot serve the base.
  public func install() throws(Fault) -> (installation: Installation, description: AdapterDescription) {
    let maker = try TuningMethods.maker(method)
    let model = try ModelFolder.read(base)
    let fingerprint = try ModelFolder.fingerprint(base)
    let configuration = model.configuration
    model.backbone.move(to: device)
    Libtorch.seed(seed)
    let (tuning, resolved) = try SettingsReader.read(settings) { (reader) throws(Fault) in
      try maker(reader, configuration)
    }
    let description = AdapterDescription(method: method, settings: resolved, base: base, fingerprint: fingerprint)
    return (try Installation(tuning, on: model), description)
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
    let (installation, description) = try install()
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
      observers: observers
    ) { (model, path) throws(Fault) in
      try AdapterFolder.write(model, description, to: "\(path)/adapter")
    }
    let summary = try trainer.run(resume: resume)
    return Result(installation: installation, description: description, summary: summary)
  }
}
