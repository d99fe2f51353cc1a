import Torch

/// One adaptation from its parts: a source model and what it carries already, a method by name, unlabelled samples.
public struct AdaptationRun {
  /// The source model's folder; it stays as it is.
  public var base: String
  /// The folder of an adapter that the source carries already; it stays as it is, and the new one stands on it.
  public var adapter: String?
  /// The method's name.
  public var method: String
  /// The section `adaptation` of a recipe: the method's settings.
  public var settings: SettingsTree
  /// Whether samples come once, in their order.
  public var isOnline: Bool
  /// What every random number follows from.
  public var seed: UInt64
  /// Where to compute.
  public var device: Device

  /// What a run leaves behind.
  public struct Result {
    /// The adapted model; switched off, it is the source.
    public let installation: Installation
    /// What the adapter folder says of itself.
    public let description: AdapterDescription
    /// Predictions and how the adaptation went.
    public let outcome: AdaptationOutcome
  }

  /// A run.
  public init(
    base: String, adapter: String? = nil, method: String, settings: SettingsTree = .empty, isOnline: Bool = false,
    seed: UInt64 = 0, device: Device = .cpu
  ) {
    (self.base, self.adapter, self.method, self.settings) = (base, adapter, method, settings)
    (self.isOnline, self.seed, self.device) = (isOnline, seed, device)
  }

  /// Adapts, and leaves the adapted tensors in the folder's `adapter`, which `AdapterFolder.attach` takes.
  ///
  /// - Parameters:
  ///   - samples: the target, modalities in the model's order (`Dataset.fitted(to:)`).
  ///   - folder: where checkpoints and the adapter go; nothing is written without it.
  ///   - resume: continues from the folder's checkpoint, if it has one.
  ///   - observers: who watches.
  ///   - isStopped: asked after every step; a stopped run leaves a checkpoint and no adapter.
  /// - Throws: `Fault(.usage)` for an unknown method, settings that make no sense or a method that cannot serve the
  ///   model; `Fault(.badData)` for samples that are no input of it; what reading and writing throw.
  public func run(
    on samples: UnlabelledSplit, folder: RunFolder? = nil, resume: Bool = false,
    observers: [any AdaptationObserver] = [], isStopped: () -> Bool = { StopSignal.isRequested }
  ) throws(Fault) -> Result {
    let maker = try AdaptationMethods.maker(method)
    let carried = try CarriedModel(base, adapter: adapter)
    let model = carried.model
    let configuration = model.configuration
    model.move(to: device)
    model.train(false)
    try samples.checkPresence(
      configuration.modalities, file: samples.name, modelHandlesMissing: model.handlesMissingModalities)
    let (made, resolved) = try SettingsReader.read(settings) { (reader) throws(Fault) in
      try maker(reader, configuration)
    }
    let description = carried.description(method: method, settings: resolved)
    let installation = try Installation(
      AdaptedTuning(name: method, tensors: made.tensors), on: model, name: method, beneath: carried.installation)
    let loop = try AdaptationLoop(
      model, samples: samples, method: made, isOnline: isOnline, seed: seed, device: device, folder: folder?.path,
      identity: "\(carried.identity) \(resolved.json.text(.line))", observers: observers)
    let outcome = try loop.run(resume: resume, isStopped: isStopped)
    if let folder, !outcome.wasStopped { try AdapterFolder.write(installation, description, to: folder.adapter) }
    return Result(installation: installation, description: description, outcome: outcome)
  }
}
