import OrderedCollections
import Torch

/// The first life of a model: training on a data set, by one balancing strategy or several.
///
/// The validation split chooses the best epoch. The test split gives the scores.
///
/// ```swift
/// let life = TrainLife(recipe: recipe, data: "mosi", methods: ["joint", "cggm"])
/// let model = try life.prepare().run("cggm", seed: 0).model
/// ```
public struct TrainLife: Life {
  /// The recipe with all overrides. Its sections are `model`, `training`, `normalization` and `balance`.
  public var recipe: SettingsTree
  /// The data set's folder.
  public var data: String
  /// The names of balancing strategies.
  public var methods: [String]
  /// The device that computes.
  public var device: Device
  /// True to add the worth of each modality to the scores (``PerModalityMetrics``).
  public var measuresModalities = false

  /// Describes a training.
  public init(recipe: SettingsTree = .empty, data: String, methods: [String] = ["joint"], device: Device = .cpu) {
    (self.recipe, self.data, self.methods, self.device) = (recipe, data, methods, device)
  }

  /// Reads data and recipe, computes the statistics that standardise features, and checks that a body fits.
  /// - Throws: `Fault` for errors in the recipe or the data.
  public func prepare(seeds: [UInt64]) throws(Fault) -> Prepared { try Prepared(self, seeds) }

  /// The product of a training in memory.
  public struct Product: LifeProduct {
    /// The model with the weights of its best epoch.
    public let model: MultimodalModel
    /// The course of the training.
    public let outcome: TrainingOutcome

    /// True if the user stopped the training before its end.
    public var wasStopped: Bool { outcome.wasStopped }
  }

  /// A training after its recipe and data were read.
  public final class Prepared: PreparedLife {
    /// The names of the balancing strategies.
    public let methods: [String]
    /// The configuration of all models, with the statistics of the features.
    public let configuration: ModelConfiguration
    private let life: TrainLife
    private let splits: Splits
    private let model: ModelSettings
    private let training: TrainingSettings
    private let strategies: [String: SettingsTree]
    private let resolved: SettingsTree

    fileprivate init(_ life: TrainLife, _ seeds: [UInt64]) throws(Fault) {
      (self.life, methods) = (life, life.methods)
      let dataset = try Dataset(life.data)
      let splits = try Splits(dataset)
      self.splits = splits
      let description = dataset.description
      let (read, resolved) = try SettingsReader.read(life.recipe) {
        (reader) throws(Fault) -> (ModelConfiguration, TrainingRecipe, [String: SettingsTree]) in
        let settings = try TrainingRecipe(reader)
        let configuration = try settings.configuration(for: description, splits.training.samples)
        return (configuration, settings, try Self.strategies(life.methods, reader, configuration, settings.training))
      }
      (configuration, _, strategies) = read
      model = read.1.model
      training = try read.1.training.weighted(for: splits.training, description.task)
      try training.check(for: description.task)
      if model.body.folder != nil {
        let scratch = try MultimodalModel(configuration)
        for seed in seeds { try model.body.load(into: scratch, seed: seed) }
      }
      if model.deepSupervision { _ = try DeepSupervision(of: MultimodalModel(configuration)) }
      self.resolved = training.writingWeights(into: resolved)
    }

    /// Reads the settings of every strategy. All of them see one scratch model, which no run trains.
    private static func strategies(
      _ methods: [String], _ reader: SettingsReader, _ configuration: ModelConfiguration, _ training: TrainingSettings
    ) throws(Fault) -> [String: SettingsTree] {
      let scratch = try MultimodalModel(configuration)
      let division = BatchDivision(group: .current, accumulate: training.accumulate)
      return try reader.section("balance") { (section) throws(Fault) in
        var settings: [String: SettingsTree] = [:]
        for method in methods {
          let maker = try BalancingMethods.maker(method)
          settings[method] = try section.part { (part) throws(Fault) in
            try division.check(scratch, try maker(part, scratch))
          }.resolved
        }
        return settings
      }
    }

    /// Makes a row that names the scored split.
    public func row(for method: String) -> RunResult { RunResult(name: method, split: splits.testName) }

    /// The whole recipe, with the settings of all strategies.
    public func recipe(for method: String) -> SettingsTree { resolved }

    /// Trains a model with starting values from the seed.
    /// - Throws: The errors of ``Trainer``.
    public func run(
      _ method: String, seed: UInt64, folder: RunFolder?, resume: Bool, observers: [any TrainingObserver]
    ) throws(Fault) -> Product {
      Libtorch.seed(seed)
      let model = try MultimodalModel(configuration)
      try self.model.loadEncoders(of: model)
      try self.model.body.load(into: model, seed: seed)
      let heads = self.model.deepSupervision ? try DeepSupervision(of: model) : nil
      if let heads { model.attach(heads) }
      model.move(to: life.device)
      let maker = try BalancingMethods.maker(method)
      let strategy = try SettingsReader.read(strategies[method] ?? .empty) { (reader) throws(Fault) in
        try maker(reader, model)
      }.value
      let trainer = try Trainer(
        model, training: splits.training, validation: splits.validation, settings: training, seed: seed,
        hook: strategy, device: life.device, folder: folder?.path, origin: try origin(seed),
        observers: observers,
        save: { (model, path) throws(Fault) in try ModelFolder.write(model.backbone, to: "\(path)/model") })
      let outcome = try trainer.run(resume: resume)
      model.attachments.removeAll { $0 === heads }
      if !outcome.wasStopped {
        let moments = SourceMoments.measured(
          model, training: splits.training, validation: splits.validation, device: life.device)
        model.sourceMoments = moments
        if let folder { try moments.write(to: "\(folder.path)/model") }
      }
      return Product(model: model, outcome: outcome)
    }

    /// The hashes of the pretrained weights that a run starts from; nil without any.
    private func origin(_ seed: UInt64) throws(Fault) -> String? {
      let hashes = [configuration.encoderHashes, try model.body.fingerprint(seed: seed)].compactMap(\.self)
      return hashes.isEmpty ? nil : hashes.joined(separator: " ")
    }

    /// Scores the model on the test split.
    public func score(_ product: Product, seed: UInt64, measuresCost: Bool) throws(Fault) -> RunScore {
      let model = product.model
      var score = RunScore(parameters: model.parameterCount)
      score.validation = product.outcome.bestScore
      score.chosen = ChosenEpoch(product.outcome, by: training.select)
      let scored = try model.answers(to: splits.test, names: splits.names, device: life.device)
      (score.metrics, score.answers) = (scored.evaluation.metrics, scored.summary)
      if life.measuresModalities {
        score.metrics.append(
          try PerModalityMetrics.measure(model, splits.test, training: splits.training, device: life.device))
      }
      return score
    }
  }
}
