import OrderedCollections
import Torch

/// The last life: a model is adapted to unlabelled samples of where it is deployed; the source stays as it is.
///
/// Adaptation is given samples without targets. Targets are read for the scores alone (``AdaptationTarget``).
///
/// ```swift
/// let life = try AdaptLife(model: "runs/base/model", data: "target", methods: ["casp"])
/// let outcome = try life.prepare().run("casp").outcome
/// ```
public struct AdaptLife: Life {
  /// The samples that a seed meets, with the modalities in the order of the model's configuration.
  public typealias Targeting = (_ model: ModelConfiguration, _ seed: UInt64) throws(Fault) -> AdaptationTarget

  /// The source model's folder, or that of a run over seeds: each seed then adapts its own.
  public var model: String
  /// An adapter that the source carries already, or a run over seeds that made one for each.
  public var adapter: String?
  /// The recipe, overrides included: the section `adaptation`.
  public var recipe: SettingsTree
  /// Where the samples come from, for messages.
  public var origin: String
  /// What is adapted to, and by what it is scored.
  public var target: Targeting
  /// The split that is scored, as rows name it.
  public var scored: String
  /// Methods by name.
  public var methods: [String]
  /// Whether samples come once, in their order.
  public var isOnline = false
  /// What tells the rows of this life from those of others, by key.
  public var conditions: OrderedDictionary<String, String> = [:]
  /// Whether the source's own scores stand in a row beside the methods'.
  public var includesSource = false
  /// Where to compute.
  public var device: Device
  /// Asked after every step; a stopped run leaves a checkpoint and no adapter.
  public var isStopped: () -> Bool = { StopSignal.isRequested }

  /// An adaptation to what `target` gives.
  public init(
    model: String, adapter: String? = nil, recipe: SettingsTree = .empty, origin: String, scored: String = "test",
    methods: [String], device: Device = .cpu, target: @escaping Targeting
  ) {
    (self.model, self.adapter, self.recipe, self.origin) = (model, adapter, recipe, origin)
    (self.scored, self.methods, self.device, self.target) = (scored, methods, device, target)
  }

  /// Reads source and recipe, and checks that the first seed's samples are inputs of the model.
  /// - Throws: `Fault` for whatever is wrong with source, recipe or data.
  public func prepare(seeds: [UInt64]) throws(Fault) -> Prepared { try Prepared(self, seeds) }

  /// What an adaptation leaves in memory.
  public struct Product: LifeProduct {
    /// The adapted model; switched off, it is the source.
    public let installation: Installation
    /// What the adapter folder says of itself.
    public let description: AdapterDescription
    /// Predictions and how the adaptation went.
    public let outcome: AdaptationOutcome

    /// Whether the user stopped it before its end.
    public var wasStopped: Bool { outcome.wasStopped }
  }

  /// An adaptation whose source and recipe are read.
  public final class Prepared: PreparedLife {
    /// The methods.
    public let methods: [String]
    /// What is adapted to; another condition of the same data set may take its place between two grids.
    public var target: Targeting {
      didSet { latest = nil }
    }
    /// What tells the rows of the next grid from those of others, by key.
    public var conditions: OrderedDictionary<String, String>
    private let life: AdaptLife
    private let starts: StartingModels
    private let configuration: ModelConfiguration
    private let adaptation: MethodSettings<any AdaptationMethod>
    private var latest: (seed: UInt64, target: AdaptationTarget)?

    fileprivate init(_ life: AdaptLife, _ seeds: [UInt64]) throws(Fault) {
      (self.life, methods, target, conditions) = (life, life.methods, life.target, life.conditions)
      starts = try StartingModels(life.model, adapter: life.adapter, seeds: seeds, device: life.device)
      let source = try starts.model(seed: seeds[0]).model
      let configuration = source.configuration
      self.configuration = configuration
      adaptation = try SettingsReader.read(life.recipe) { (reader) throws(Fault) in
        try reader.section("adaptation") { (section) throws(Fault) in
          try MethodSettings(life.methods, in: section) { (method) throws(Fault) in
            let maker = try AdaptationMethods.maker(method)
            return { (reader) throws(Fault) in try maker(reader, configuration) }
          }
        }
      }.value
      try check(try target(seeds[0]), source)
    }

    /// A row that names the scored split and the conditions.
    public func row(for method: String) -> RunResult {
      var row = RunResult(name: method, split: life.scored)
      row.conditions = conditions
      return row
    }

    /// The section `adaptation` as the method has read it.
    public func recipe(for method: String) -> SettingsTree {
      SettingsTree(.map(["adaptation": adaptation.settings(for: method)]))
    }

    /// Adapts a seed's source by a method, and leaves the adapted tensors in the folder's `adapter`.
    /// - Throws: `Fault(.usage)` for a method that cannot serve the model, `Fault(.badData)` for samples that are no input
    ///   of it.
    public func run(
      _ method: String, seed: UInt64, folder: RunFolder?, resume: Bool, observers: [any AdaptationObserver]
    ) throws(Fault) -> Product {
      let start = try starts.model(seed: seed)
      let samples = try target(seed).samples
      try check(try target(seed), start.model)
      let made = try adaptation.make(method)
      let settings = adaptation.settings(for: method)
      let installation = try starts.install(
        AdaptedTuning(name: method, tensors: made.tensors), name: method, on: start)
      let loop = try AdaptationLoop(
        start.model, samples: samples, method: made, isOnline: life.isOnline, seed: seed, device: life.device,
        folder: folder?.path, identity: "\(try start.identity()) \(settings.json.text(.line))", observers: observers)
      let outcome = try loop.run(resume: resume, isStopped: life.isStopped)
      let description = try start.description(method: method, settings: settings)
      if let folder, !outcome.wasStopped { try AdapterFolder.write(installation, description, to: folder.adapter) }
      return Product(installation: installation, description: description, outcome: outcome)
    }

    /// What the adapted model reaches where targets are known, and how wrong the pseudo-labels of the samples are.
    public func score(_ product: Product, seed: UInt64, measuresCost: Bool) throws(Fault) -> RunScore {
      let (model, outcome, target) = (product.installation.model, product.outcome, try target(seed))
      let task = model.configuration.task
      var score = RunScore(parameters: (outcome.parameters.total, outcome.parameters.adapted))
      score.returns = outcome.returns.count
      score.remarks = outcome.notes
      if let test = target.test {
        score.metrics = try model.evaluate(test, device: life.device).metrics
      } else if let read = target.targets {
        score.metrics = try Evaluation(outcome.prediction, try read(), task: task, loss: TaskLoss(task)).metrics
      }
      if let read = target.targets, let snapshots = outcome.snapshots, let share = outcome.share {
        score.metrics.append(snapshots.pseudoLabelErrors(try read(), share: share, task: task))
      }
      return score
    }

    /// The source's own row, where it is asked for, is no method of the life, and can be scored.
    public func references(seeds: [UInt64]) throws(Fault) -> [RunResult] {
      guard life.includesSource, !methods.contains("source"), try target(seeds[0]).scored() != nil else { return [] }
      var row = row(for: "source")
      for seed in seeds {
        let model = try starts.model(seed: seed).model
        guard let scored = try target(seed).scored() else { continue }
        row.add(seed: seed, try model.evaluate(scored, device: life.device).metrics)
        row.parameters = (model.parameterCount.total, 0)
      }
      return [row]
    }

    /// A seed's samples; those of the latest seed are kept.
    private func target(_ seed: UInt64) throws(Fault) -> AdaptationTarget {
      if let latest, latest.seed == seed { return latest.target }
      let made = try target(configuration, seed)
      latest = (seed, made)
      return made
    }

    private func check(_ target: AdaptationTarget, _ model: MultimodalModel) throws(Fault) {
      try target.samples.checkPresence(
        model.configuration.modalities, file: life.origin, modelHandlesMissing: model.handlesMissingModalities)
    }
  }
}
