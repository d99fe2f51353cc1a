import Foundation
import Torch

/// Trains models on a data set, one for each balancing strategy and seed, and tests each with its best weights.
public struct TrainingRun {
  /// The recipe, overrides included.
  public var recipe: SettingsTree
  /// The data set's folder.
  public var data: String
  /// Where results go; several strategies or seeds get a folder each below it.
  public var output: String
  /// Balancing strategies by name.
  public var strategies: [String]
  /// Seeds.
  public var seeds: [UInt64]
  /// What to do with a folder that holds a run already.
  public var existing: RunFolder.Existing
  /// Where to compute.
  public var device: Device
  /// Whether the results tell what each modality is worth (``PerModalityMetrics``).
  public var measuresModalities = false
  /// Watchers of one run, made anew for each.
  public var observers: (_ name: String, _ folder: RunFolder) throws(Fault) -> [any TrainingObserver]

  /// A run.
  public init(
    recipe: SettingsTree, data: String, output: String, strategies: [String] = ["joint"], seeds: [UInt64] = [0],
    existing: RunFolder.Existing = .refuse, device: Device = .cpu,
    observers: @escaping (_ name: String, _ folder: RunFolder) throws(Fault) -> [any TrainingObserver] = {
      (_, _) throws(Fault) in []
    }
  ) {
    (self.recipe, self.data, self.output, self.strategies) = (recipe, data, output, strategies)
    (self.seeds, self.existing, self.device, self.observers) = (seeds, existing, device, observers)
  }

  /// Trains and tests everything.
  ///
  /// - Returns: a row for each strategy, and whether the user stopped the run before its end.
  /// - Throws: `Fault` for whatever is wrong with recipe, data or output.
  public func run() throws(Fault) -> (results: [RunResult], wasStopped: Bool) {
    let dataset = try Dataset(data)
    let splits = try Splits(dataset)
    // Read once for nothing but its errors, so that a wrong key stops the first run and not the fifth.
    let recipe = try resolve(dataset, splits, strategy: strategies[0], seed: seeds[0]).recipe
    let root = try RunFolder(output, existing: isSingle ? existing : .resume)
    defer { withExtendedLifetime(root) {} }
    var results: [RunResult] = []
    for strategy in strategies {
      var result = RunResult(name: strategy, split: splits.testName, output: isSingle ? root.path : path(strategy, nil))
      for seed in seeds {
        let folder = isSingle ? root : try RunFolder(path(strategy, seed), existing: existing)
        guard let scores = try train(dataset, splits, strategy, seed, folder, &result) else {
          return (results, true)
        }
        result.add(seed: seed, scores)
      }
      results.append(result)
    }
    _ = recipe
    return (results, false)
  }

  private var isSingle: Bool { strategies.count == 1 && seeds.count == 1 }

  private func path(_ strategy: String, _ seed: UInt64?) -> String {
    var path = output
    if strategies.count > 1 { path += "/\(strategy)" }
    if let seed, seeds.count > 1 { path += "/seed-\(seed)" }
    return path
  }

  /// One run; nil where the user stopped it.
  private func train(
    _ dataset: Dataset, _ splits: Splits, _ strategy: String, _ seed: UInt64, _ folder: RunFolder,
    _ result: inout RunResult
  ) throws(Fault) -> MetricValues? {
    let setup = try resolve(dataset, splits, strategy: strategy, seed: seed)
    try AtomicFile.write(setup.recipe.yaml(), to: folder.recipe)
    let trainer = try Trainer(
      setup.model, training: splits.training, validation: splits.validation, settings: setup.training, seed: seed,
      strategy: setup.strategy, device: device, folder: folder.path,
      observers: try observers(strategies.count > 1 || seeds.count > 1 ? "\(strategy), seed \(seed)" : "", folder),
      save: { (model, path) throws(Fault) in try ModelFolder.write(model.backbone, to: "\(path)/model") })
    let summary = try trainer.run(resume: existing == .resume)
    if summary.wasStopped { return nil }
    result.parameters = setup.model.parameterCount
    var scores = try setup.model.evaluate(splits.test, device: device).metrics
    if measuresModalities {
      scores.append(
        try PerModalityMetrics.measure(setup.model, splits.test, training: splits.training, device: device))
    }
    return scores
  }

  /// What one run is made of, from the recipe.
  private func resolve(_ dataset: Dataset, _ splits: Splits, strategy: String, seed: UInt64) throws(Fault) -> (
    model: MultimodalModel, training: TrainingSettings, strategy: any BalancingStrategy, recipe: SettingsTree
  ) {
    let description = dataset.description
    let (value, resolved) = try SettingsReader.read(recipe) {
      (reader) throws(Fault) -> (MultimodalModel, TrainingSettings, any BalancingStrategy) in
      let settings = try TrainingRecipe(reader)
      var configuration = settings.model.configuration(description.modalities, description.task)
      if settings.normalization == .standard {
        configuration.normalization = FeatureStatistics.fit(splits.training.samples, description.modalities)
      }
      // Every strategy of the run reads its keys here, so that one's keys are not unknown to another.
      for other in strategies where other != strategy {
        let scratch = try MultimodalModel(configuration)
        _ = try reader.section("balance") { (section) throws(Fault) in
          try BalancingMethods.maker(other)(section, scratch)
        }
      }
      Libtorch.seed(seed)
      let model = try MultimodalModel(configuration)
      model.backbone.move(to: device)
      let balancing = try reader.section("balance") { (section) throws(Fault) in
        try BalancingMethods.maker(strategy)(section, model)
      }
      return (model, settings.training, balancing)
    }
    return (value.0, value.1, value.2, resolved)
  }
}
