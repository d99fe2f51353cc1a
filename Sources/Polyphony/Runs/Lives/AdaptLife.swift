import OrderedCollections
import Torch

/// The last life of a model: adaptation to unlabelled samples after deployment. The source does not change.
///
/// Methods get samples without targets. Only the scores read targets (``AdaptationTarget``).
///
/// ```swift
/// let life = try AdaptLife(model: "runs/base/model", data: "target", methods: ["casp"])
/// let outcome = try life.prepare().run("casp").outcome
/// ```
public struct AdaptLife: Life {
  /// Makes the samples for a seed, with the modalities in the order of the model's configuration.
  public typealias Targeting = (_ model: ModelConfiguration, _ seed: UInt64) throws(Fault) -> AdaptationTarget

  /// The folder of the source model, or of a run over seeds. In a run over seeds, each seed adapts its own source.
  public var model: String
  /// The folder of an adapter that the source carries already, or of a run over seeds that made one per seed.
  public var adapter: String?
  /// The recipe with all overrides. Its section is `adaptation`.
  public var recipe: SettingsTree
  /// The origin of the samples, for error messages.
  public var origin: String
  /// Makes the samples to adapt to, and the targets that score the result.
  public var target: Targeting
  /// The name of the scored split in the rows.
  public var scored: String
  /// The names of adaptation methods.
  public var methods: [String]
  /// True for a stream, which gives every sample once, in its order.
  public var isOnline = false
  /// The conditions in the rows of this life, by key.
  public var conditions: OrderedDictionary<String, String> = [:]
  /// True to add a row with the scores of the source itself.
  public var includesSource = false
  /// The device that computes.
  public var device: Device
  /// Returns true to stop. The loop calls it after every step. A stopped run leaves a checkpoint and no adapter.
  public var isStopped: () -> Bool = { StopSignal.isRequested }

  /// Describes an adaptation to the samples that `target` makes.
  public init(
    model: String, adapter: String? = nil, recipe: SettingsTree = .empty, origin: String, scored: String = "test",
    methods: [String], device: Device = .cpu, target: @escaping Targeting
  ) {
    (self.model, self.adapter, self.recipe, self.origin) = (model, adapter, recipe, origin)
    (self.scored, self.methods, self.device, self.target) = (scored, methods, device, target)
  }

  /// Reads source and recipe, and checks that the first seed's samples fit the model.
  /// - Throws: `Fault` for errors in the source, the recipe or the data.
  public func prepare(seeds: [UInt64]) throws(Fault) -> Prepared { try Prepared(self, seeds) }

  /// The product of an adaptation in memory.
  public struct Product: LifeProduct {
    /// The adapted model. The source returns if the installation is switched off.
    public let installation: Installation
    /// The description in the adapter's folder.
    public let description: AdapterDescription
    /// The predictions, and the course of the adaptation.
    public internal(set) var outcome: AdaptationOutcome

    /// True if the user stopped the adaptation before its end.
    public var wasStopped: Bool { outcome.wasStopped }
  }

  /// An adaptation after its source and recipe were read.
  public final class Prepared: PreparedLife {
    /// The names of the adaptation methods.
    public let methods: [String]
    /// Makes the samples to adapt to. Between two grids, a caller may set another condition of the same data set.
    public var target: Targeting {
      didSet { latest = nil }
    }
    /// The conditions in the rows of the next grid, by key.
    public var conditions: OrderedDictionary<String, String>
    let life: AdaptLife
    let starts: StartingModels
    let configuration: ModelConfiguration
    private let choice: MethodChoice?
    private let adaptation: MethodSettings<any AdaptationMethod>
    private var latest: (seed: UInt64, target: AdaptationTarget)?

    fileprivate init(_ life: AdaptLife, _ seeds: [UInt64]) throws(Fault) {
      (self.life, methods, target, conditions) = (life, life.methods, life.target, life.conditions)
      starts = try StartingModels(life.model, adapter: life.adapter, seeds: seeds, device: life.device)
      let source = try starts.model(seed: seeds[0]).model
      let configuration = source.configuration
      self.configuration = configuration
      (choice, adaptation) = try SettingsReader.read(life.recipe) { (reader) throws(Fault) in
        try reader.section("adaptation") { (section) throws(Fault) in
          try MethodChoice.settings(life.methods, in: section, configuration)
        }
      }.value
      let division = BatchDivision(group: .current)
      try adaptation.check { (method) throws(Fault) in
        try division.check(source, method, isOnline: life.isOnline)
      }
      try check(try target(seeds[0]), source)
    }

    /// Makes a row that names the scored split and the conditions.
    public func row(for method: String) -> RunResult {
      var row = RunResult(name: method, split: life.scored)
      row.conditions = conditions
      return row
    }

    /// The section `adaptation` with all defaults of the method. For a choice, it is the section as given.
    public func recipe(for method: String) -> SettingsTree {
      guard method != MethodChoice.name else { return choice?.recipe(life.recipe["adaptation"]) ?? .empty }
      return SettingsTree(.map(["adaptation": adaptation.settings(for: method)]))
    }

    /// Adapts a seed's source by a method, or by all candidates of `auto`, and writes the adapted tensors into the
    /// folder's `adapter`.
    /// - Throws: `Fault(.usage)` for a method that does not fit the model, `Fault(.badData)` for samples that do not.
    public func run(
      _ method: String, seed: UInt64, folder: RunFolder?, resume: Bool, observers: [any AdaptationObserver]
    ) throws(Fault) -> Product {
      guard method == MethodChoice.name, let choice else {
        return try adapt(method, seed: seed, folder: folder, resume: resume, observers: observers)
      }
      return try choose(by: choice, seed: seed, folder: folder, resume: resume, observers: observers)
    }

    /// Adapts a seed's source by one method.
    func adapt(
      _ method: String, seed: UInt64, folder: RunFolder?, resume: Bool, observers: [any AdaptationObserver]
    ) throws(Fault) -> Product {
      let start = try starts.model(seed: seed)
      let target = try target(seed)
      try check(target, start.model)
      let made = try adaptation.make(method)
      let settings = adaptation.settings(for: method)
      let installation = try starts.install(AdaptedTuning.wrapping(made), name: method, on: start)
      let loop = try AdaptationLoop(
        start.model, samples: target.samples, method: made, isOnline: life.isOnline, seed: seed, device: life.device,
        folder: folder?.path, origin: try start.identity(), recipe: settings, observers: observers)
      let outcome = try loop.run(resume: resume, isStopped: life.isStopped)
      let description = try start.description(method: method, settings: settings)
      if let folder, !outcome.wasStopped { try AdapterFolder.write(installation, description, to: folder.adapter) }
      return Product(installation: installation, description: description, outcome: outcome)
    }

    /// Scores the adapted model if targets are known, and measures the errors of the samples' pseudo-labels.
    public func score(_ product: Product, seed: UInt64, measuresCost: Bool) throws(Fault) -> RunScore {
      let (model, outcome, target) = (product.installation.model, product.outcome, try target(seed))
      let task = model.configuration.task
      var score = RunScore(
        parameters: ParameterCount(total: outcome.parameters.total, trainable: outcome.parameters.adapted))
      score.returns = outcome.returns.count
      score.remarks = outcome.notes
      if let test = target.test {
        let scored = try model.answers(to: test, names: target.names, device: life.device)
        (score.metrics, score.answers) = (scored.evaluation.metrics, scored.summary)
      } else if let read = target.targets {
        let truth = try read()
        score.metrics = try Evaluation(
          outcome.prediction, truth, task: task, loss: TaskLoss(task), volumes: target.samples.volumes
        ).metrics
        score.answers = AnswerSummary(
          outcome.prediction, truth, task: task, inputs: target.samples.inputs, ids: target.samples.ids,
          names: target.names)
      }
      if let read = target.targets, let snapshots = outcome.snapshots, let share = outcome.share {
        score.metrics.append(snapshots.pseudoLabelErrors(try read(), share: share, task: task))
      }
      return score
    }

    /// Makes the row of the source for ``AdaptLife/includesSource``. There is no such row without known targets, or if
    /// `source` is one of the methods.
    public func references(seeds: [UInt64]) throws(Fault) -> [RunResult] {
      guard life.includesSource, !methods.contains("source"), try target(seeds[0]).scored() != nil else { return [] }
      var row = row(for: "source")
      for seed in seeds {
        let model = try starts.model(seed: seed).model
        guard let scored = try target(seed).scored() else { continue }
        let found = try model.answers(to: scored, names: try target(seed).names, device: life.device)
        row.add(seed: seed, found.evaluation.metrics, answers: found.summary)
        row.parameters = ParameterCount(total: model.parameterCount.total, trainable: 0)
      }
      return [row]
    }

    /// The samples of a seed. The latest seed's samples stay in memory.
    func target(_ seed: UInt64) throws(Fault) -> AdaptationTarget {
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
