import Torch

/// The second life of a model: tuning to a data set, by one method or several. The base does not change.
///
/// The validation split chooses the best epoch. The test split gives the scores.
///
/// ```swift
/// let life = TuneLife(model: "runs/base/model", data: .folder("mosi"), methods: ["lora", "wander"])
/// let tuned = try life.prepare().run("wander", seed: 0)
/// tuned.installation.isEnabled = false  // the base again, bit for bit
/// ```
public struct TuneLife: Life {
  /// The samples to learn from and to score.
  public enum Data {
    /// The splits of a data set's folder.
    case folder(String)
    /// Splits in memory, made for each seed, with the modalities in the model's order.
    case splits((_ seed: UInt64) throws(Fault) -> Splits)

    /// Uses the same splits in memory for every seed.
    public static func splits(_ splits: Splits) -> Data { .splits { (_) throws(Fault) in splits } }
  }

  /// The folder of the base model, or of a run over seeds. In a run over seeds, each seed tunes its own base.
  public var model: String
  /// The folder of an adapter that the base carries already, or of a run over seeds that made one per seed.
  public var adapter: String?
  /// The recipe with all overrides. Its sections are `tuning` and `training`.
  public var recipe: SettingsTree
  /// The settings of the loop. Default: the section `training` of the recipe.
  public var training: TrainingSettings?
  /// The samples to learn from and to score.
  public var data: Data
  /// The names of tuning methods.
  public var methods: [String]
  /// The device that computes.
  public var device: Device
  /// The condition of all splits: missing modalities, or a corruption that the seed draws.
  public var condition = DataCondition()
  /// The number of samples per class (in total, for a task without classes) for training and for validation. The seed
  /// draws them. Default: all samples.
  public var samples: Int?

  /// Describes a tuning.
  public init(
    model: String, adapter: String? = nil, recipe: SettingsTree = .empty, data: Data, methods: [String],
    device: Device = .cpu
  ) {
    (self.model, self.adapter, self.recipe) = (model, adapter, recipe)
    (self.data, self.methods, self.device) = (data, methods, device)
  }

  /// Reads base, data and recipe, and draws the missing modalities of the test split.
  /// - Throws: `Fault` for errors in the base, the recipe or the data.
  public func prepare(seeds: [UInt64]) throws(Fault) -> Prepared { try Prepared(self, seeds) }

  /// The product of a tuning in memory.
  public struct Product: LifeProduct {
    /// The method on its model, with the weights of the best epoch.
    public let installation: Installation
    /// The description in the adapter's folder.
    public let description: AdapterDescription
    /// The course of the training.
    public let outcome: TrainingOutcome
    let splits: Splits

    /// True if the user stopped the training before its end.
    public var wasStopped: Bool { outcome.wasStopped }
  }

  /// A tuning after its base, recipe and data were read.
  public final class Prepared: PreparedLife {
    /// The names of the tuning methods.
    public let methods: [String]
    private let life: TuneLife
    private let starts: StartingModels
    private let configuration: ModelConfiguration
    private let dataset: Dataset?
    private let whole: Splits
    private let training: TrainingSettings
    private let tuning: MethodSettings<any TuningMethod>
    private let resolved: SettingsTree
    private let mask: MissingMask?

    fileprivate init(_ life: TuneLife, _ seeds: [UInt64]) throws(Fault) {
      (self.life, methods) = (life, life.methods)
      starts = try StartingModels(life.model, adapter: life.adapter, seeds: seeds, device: life.device)
      let configuration = try starts.model(seed: seeds[0]).model.configuration
      self.configuration = configuration
      switch life.data {
      case .folder(let folder):
        let fitted = try Dataset(folder).fitted(to: configuration)
        (dataset, whole) = (fitted, try Splits(fitted, modelHandlesMissing: true))
      case .splits(let make):
        (dataset, whole) = (nil, try make(seeds[0]))
      }
      let (read, resolved) = try SettingsReader.read(life.recipe) {
        (reader) throws(Fault) -> (MethodSettings<any TuningMethod>, TrainingSettings) in
        let tuning = try reader.section("tuning") { (section) throws(Fault) in
          try MethodSettings(life.methods, in: section) { (method) throws(Fault) in
            let maker = try TuningMethods.maker(method)
            return { (reader) throws(Fault) in try maker(reader, configuration) }
          }
        }
        if let training = life.training { return (tuning, training) }
        return (tuning, try reader.training(of: configuration.architecture))
      }
      tuning = read.0
      // A drawn subset has its own balance, which `Trainer` computes.
      training =
        life.samples == nil ? try read.1.weighted(for: whole.training, configuration.task) : read.1
      try training.check(for: configuration.task)
      self.resolved = training.writingWeights(into: resolved)
      // All methods and seeds share one mask, so that their scores are comparable.
      let test = whole.test.samples
      mask = try life.condition.missing.map { (rule) throws(Fault) in
        try rule.mask(for: test, configuration.inputModalities, seed: 0)
      }
    }

    /// Makes a row that names the scored split and its missing modalities.
    public func row(for method: String) -> RunResult {
      var row = RunResult(name: method, split: whole.testName)
      if let missing = life.condition.missing { row.conditions["missing"] = "\(missing)" }
      row.mask = mask?.hash
      return row
    }

    /// The whole recipe, with the settings of all methods.
    public func recipe(for method: String) -> SettingsTree { resolved }

    /// Writes the mask with its hash. It documents which sample lacked which modality in the scores.
    public func begin(in folder: RunFolder) throws(Fault) {
      if let mask { try mask.write(to: "\(folder.path)/missing.safetensors") }
    }

    /// Installs a method with starting values from the seed, without training it.
    /// - Throws: `Fault(.usage)` for a method that does not fit the base.
    public func install(
      _ method: String, seed: UInt64 = 0
    ) throws(Fault) -> (installation: Installation, description: AdapterDescription) {
      let start = try starts.model(seed: seed)
      return try install(method, seed, on: start)
    }

    private func install(
      _ method: String, _ seed: UInt64, on start: ModelWithAdapter
    ) throws(Fault) -> (installation: Installation, description: AdapterDescription) {
      // Reading the adapters beneath draws random numbers too. So the generator is seeded after it.
      Libtorch.seed(seed)
      let installation = try starts.install(try tuning.make(method), name: method, on: start)
      return (installation, try start.description(method: method, settings: tuning.settings(for: method)))
    }

    /// Tunes a seed's base by a method, and writes the adapter into the folder.
    /// - Throws: The errors of ``Installation`` and ``Trainer``.
    public func run(
      _ method: String, seed: UInt64, folder: RunFolder?, resume: Bool, observers: [any TrainingObserver]
    ) throws(Fault) -> Product {
      let splits = try splits(seed)
      let start = try starts.model(seed: seed)
      let (installation, description) = try install(method, seed, on: start)
      let model = installation.model
      try installation.method.fit(splits.training.samples, on: model)
      let corruption = try life.condition.missing.map { (rule) throws(Fault) in
        try MissingCorruption(
          rule, training: splits.training.samples, validation: splits.validation.samples,
          model.configuration.inputModalities, seed: seed)
      }
      let trainer = try Trainer(
        model, training: splits.training, validation: splits.validation, settings: training, seed: seed,
        hook: installation.method.stepHook ?? JointTraining(), corruption: corruption, device: life.device,
        folder: folder?.path, origin: try start.identity(), observers: observers
      ) { (_, path) throws(Fault) in
        try AdapterFolder.write(installation, description, to: "\(path)/adapter")
      }
      let outcome = try trainer.run(resume: resume)
      return Product(installation: installation, description: description, outcome: outcome, splits: splits)
    }

    /// Scores the model on the test split, under the condition of the life.
    public func score(_ product: Product, seed: UInt64, measuresCost: Bool) throws(Fault) -> RunScore {
      let model = product.installation.model
      var score = RunScore(parameters: model.tunedParameterCount)
      score.validation = product.outcome.bestScore
      score.chosen = ChosenEpoch(product.outcome, by: training.select)
      if measuresCost { score.cost = try cost(of: product.installation, product.splits.training) }
      let scored = try model.answers(
        to: product.splits.test, names: product.splits.names, device: life.device,
        prepare: { self.mask?.apply(to: $0, indices: $1) ?? $0 })
      (score.metrics, score.answers) = (scored.evaluation.metrics, scored.summary)
      return score
    }

    /// Measures the cost of a method on a batch of samples. Returns nil for a method that trains nothing, such as a
    /// fill, because it has no step to time.
    public func cost(
      of installation: Installation, _ split: LabelledSplit, repeats: Int = 10
    ) throws(Fault) -> TuningCost? {
      guard installation.model.parameterCount.trainable > 0 else { return nil }
      let indices = Array(0..<min(training.batchSize, split.count))
      let patches = try training.makePatches(installation.model.configuration, split, seed: 0)
      let batch = patches?.batch(of: split, indices, epoch: 0) ?? split.batch(indices)
      return try TuningCost.measure(installation, batch.to(life.device), settings: training, repeats: repeats)
    }

    /// The samples to learn from and to score with a seed.
    private func splits(_ seed: UInt64) throws(Fault) -> Splits {
      guard let dataset else {
        guard case .splits(let make) = life.data else { return whole }
        return try make(seed)
      }
      var splits = whole
      if let shift = life.condition.shift {
        splits = try splits.corrupted(dataset, shift, life.condition.modalities, seed)
      }
      if let samples = life.samples { splits = try splits.few(samples, of: configuration.task, seed: seed) }
      return splits
    }
  }
}
