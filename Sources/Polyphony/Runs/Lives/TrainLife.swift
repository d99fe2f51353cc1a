import OrderedCollections
import Torch

/// The first life: new models are trained on a data set, by one balancing strategy or several.
///
/// The best epoch is chosen on the validation split; scores are those of the test split.
///
/// ```swift
/// let life = TrainLife(recipe: recipe, data: "mosi", methods: ["joint", "cggm"])
/// let model = try life.prepare().run("cggm", seed: 0).model
/// ```
public struct TrainLife: Life {
  /// The recipe, overrides included: sections `model`, `training`, `normalization` and `balance`.
  public var recipe: SettingsTree
  /// The data set's folder.
  public var data: String
  /// Balancing strategies by name.
  public var methods: [String]
  /// Where to compute.
  public var device: Device
  /// Whether the scores tell what each modality is worth (``PerModalityMetrics``).
  public var measuresModalities = false

  /// A training.
  public init(recipe: SettingsTree = .empty, data: String, methods: [String] = ["joint"], device: Device = .cpu) {
    (self.recipe, self.data, self.methods, self.device) = (recipe, data, methods, device)
  }

  /// Reads data and recipe, and computes the statistics by which features are standardised.
  /// - Throws: `Fault` for whatever is wrong with recipe or data.
  public func prepare(seeds: [UInt64]) throws(Fault) -> Prepared { try Prepared(self) }

  /// What a training leaves in memory.
  public struct Product: LifeProduct {
    /// The model with the weights of its best epoch.
    public let model: MultimodalModel
    /// How the training went.
    public let outcome: TrainingOutcome

    /// Whether the user stopped it before its end.
    public var wasStopped: Bool { outcome.wasStopped }
  }

  /// A training whose recipe and data are read.
  public final class Prepared: PreparedLife {
    /// The balancing strategies.
    public let methods: [String]
    /// What determines the models, the statistics of the features included.
    public let configuration: ModelConfiguration
    private let life: TrainLife
    private let splits: Splits
    private let training: TrainingSettings
    private let strategies: [String: SettingsTree]
    private let resolved: SettingsTree

    fileprivate init(_ life: TrainLife) throws(Fault) {
      (self.life, methods) = (life, life.methods)
      let dataset = try Dataset(life.data)
      let splits = try Splits(dataset)
      self.splits = splits
      let description = dataset.description
      let (read, resolved) = try SettingsReader.read(life.recipe) {
        (reader) throws(Fault) -> (ModelConfiguration, TrainingSettings, [String: SettingsTree]) in
        let settings = try TrainingRecipe(reader)
        var configuration = settings.model.configuration(description.modalities, description.task)
        if settings.normalization == .standard {
          configuration.normalization = FeatureStatistics.fit(splits.training.samples, description.modalities)
        }
        return (configuration, settings.training, try Self.strategies(life.methods, reader, configuration))
      }
      (configuration, training, strategies) = read
      self.resolved = resolved
    }

    /// Reads the settings of every strategy, on one model that none of them trains.
    private static func strategies(
      _ methods: [String], _ reader: SettingsReader, _ configuration: ModelConfiguration
    ) throws(Fault) -> [String: SettingsTree] {
      let scratch = try MultimodalModel(configuration)
      return try reader.section("balance") { (section) throws(Fault) in
        var settings: [String: SettingsTree] = [:]
        for method in methods {
          let maker = try BalancingMethods.maker(method)
          settings[method] = try section.part { (part) throws(Fault) in try maker(part, scratch) }.resolved
        }
        return settings
      }
    }

    /// A row that names the scored split.
    public func row(for method: String) -> RunResult { RunResult(name: method, split: splits.testName) }

    /// The whole recipe: the settings of all strategies stand in it.
    public func recipe(for method: String) -> SettingsTree { resolved }

    /// Trains a model whose starting values follow from the seed.
    /// - Throws: What ``Trainer`` throws.
    public func run(
      _ method: String, seed: UInt64, folder: RunFolder?, resume: Bool, observers: [any TrainingObserver]
    ) throws(Fault) -> Product {
      Libtorch.seed(seed)
      let model = try MultimodalModel(configuration)
      model.backbone.move(to: life.device)
      let maker = try BalancingMethods.maker(method)
      let strategy = try SettingsReader.read(strategies[method] ?? .empty) { (reader) throws(Fault) in
        try maker(reader, model)
      }.value
      let trainer = try Trainer(
        model, training: splits.training, validation: splits.validation, settings: training, seed: seed,
        hook: strategy, device: life.device, folder: folder?.path, observers: observers,
        save: { (model, path) throws(Fault) in try ModelFolder.write(model.backbone, to: "\(path)/model") })
      return Product(model: model, outcome: try trainer.run(resume: resume))
    }

    /// The model's scores on the test split.
    public func score(_ product: Product, seed: UInt64, measuresCost: Bool) throws(Fault) -> RunScore {
      let model = product.model
      var score = RunScore(parameters: model.parameterCount)
      score.validation = product.outcome.bestScore
      score.metrics = try model.evaluate(splits.test, device: life.device).metrics
      if life.measuresModalities {
        score.metrics.append(
          try PerModalityMetrics.measure(model, splits.test, training: splits.training, device: life.device))
      }
      return score
    }
  }
}
