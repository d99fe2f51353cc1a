import Foundation
import Torch

/// Pretrains one base and tunes it by many methods, amounts of samples and seeds: the field on equal terms.
///
/// A seed draws the samples and the methods' starting values; the base is the same for all. Every finished run leaves a
/// file, so that a suite that was stopped goes on where it was.
public struct TransferSuite {
  /// What is transferred.
  public var task: TransferTask
  /// Backbone, loops and learning rates.
  public var recipe: TransferRecipe
  /// The methods.
  public var variants: [TransferVariant]
  /// How much of the target is used.
  public var amounts: [TransferTask.Amount]
  /// Seeds of the tuning.
  public var seeds: [UInt64]
  /// Where the base (`model`) and all scores (`runs`) go.
  public var folder: String
  /// Where to compute.
  public var device = Device.cpu
  /// Called with a line of text when something is finished.
  public var didFinish: (String) -> Void = { _ in }

  /// A suite with the task's own amounts.
  public init(
    _ task: TransferTask, _ recipe: TransferRecipe, variants: [TransferVariant], seeds: [UInt64], folder: String
  ) {
    (self.task, self.recipe, self.variants) = (task, recipe, variants)
    (self.seeds, self.folder, amounts) = (seeds, folder, task.amounts)
  }

  /// The base's folder.
  public var base: String { "\(folder)/model" }

  /// Runs everything that is not there yet.
  /// - Returns: a row for each amount and method; nil where the user stopped it.
  /// - Throws: What data, training and files throw, and `Fault(.usage)` for methods that cannot serve the base.
  public func run() throws(Fault) -> [RunResult]? {
    guard try pretrain() else { return nil }
    var results: [RunResult] = []
    for amount in amounts {
      for variant in variants {
        guard let result = try row(variant, amount) else { return nil }
        results.append(result)
      }
    }
    let costs = try measureCosts()
    for index in results.indices { results[index].cost = costs[results[index].name] }
    return TransferFront.marked(results, metric: metric)
  }

  /// The metric by which the task is judged.
  public var metric: String { Evaluation.principalMetric(task.prediction) }

  /// Pretrains the base, unless it is there.
  /// - Returns: false where the user stopped it.
  func pretrain() throws(Fault) -> Bool {
    guard !FileManager.default.fileExists(atPath: "\(base)/config.json") else { return true }
    var configuration = recipe.model.configuration(task.modalities, task.prediction)
    configuration.normalization = FeatureStatistics.fit(task.source.training.samples, task.modalities)
    Libtorch.seed(0)
    let model = try MultimodalModel(configuration)
    model.move(to: device)
    if let only = task.only { try model.restrict(to: only) }
    let trainer = try Trainer(
      model, training: task.source.training, validation: task.source.validation, settings: recipe.pretraining,
      seed: 0, device: device)
    guard try !trainer.run().wasStopped else { return false }
    let score = try model.evaluate(task.source.test, device: device).metrics[metric]
    didFinish("base: \(metric) \(score.map { String(format: "%.3f", $0) } ?? "undefined") on its own test split")
    model.backbone.configuration.only = nil
    _ = try RunFolder(folder, existing: .resume)
    try ModelFolder.write(model.backbone, to: base)
    return true
  }

  /// Every rate for the first seeds, the best one for all others; nil where the user stopped it.
  private func row(_ variant: TransferVariant, _ amount: TransferTask.Amount) throws(Fault) -> RunResult? {
    let trials = seeds.prefix(recipe.rateSeeds)
    var best: (rate: Double, validation: Double)?
    for rate in recipe.rates where recipe.rates.count > 1 {
      var scores: [Double] = []
      for seed in trials {
        guard let score = try self.score(variant, amount, rate, seed) else { return nil }
        scores.append(score.validation ?? .infinity)
      }
      let mean = scores.reduce(0, +) / Double(scores.count)
      let direction = MetricDirection(metric: recipe.training.select)
      if best == nil || direction.improves(mean, on: best?.validation) { best = (rate, mean) }
    }
    let rate = best?.rate ?? recipe.rates[0]
    var result = RunResult(name: variant.description, split: "test")
    result.conditions["samples"] = amount.description
    result.conditions["rate"] = "\(rate)"
    for seed in seeds {
      guard let score = try self.score(variant, amount, rate, seed) else { return nil }
      result.add(seed: seed, score.metrics)
      result.parameters = (score.total, score.trainable)
    }
    didFinish("\(amount) samples, \(variant): \(metric) \(result.aggregates[metric]?.formatted() ?? "undefined")")
    return result
  }

  /// The scores of one run: read where it is finished, otherwise computed and written.
  private func score(
    _ variant: TransferVariant, _ amount: TransferTask.Amount, _ rate: Double, _ seed: UInt64
  ) throws(Fault) -> TransferScore? {
    let path = "\(folder)/runs/\(amount)/\(variant.slug)/rate-\(rate)"
    let file = "\(path)/seed-\(seed).json"
    if FileManager.default.fileExists(atPath: file) { return try JSONFile.read(TransferScore.self, from: file) }
    if StopSignal.isRequested { return nil }
    let splits = try task.target(amount, seed: seed)
    var training = recipe.training
    training.learningRate = rate
    let outcome = try tuning(variant, training, seed).run(training: splits.training, validation: splits.validation)
    if outcome.summary.wasStopped { return nil }
    let model = outcome.installation.model
    let metrics = try model.evaluate(splits.test, device: device).metrics
    let count = model.parameterCount
    let score = TransferScore(
      validation: outcome.summary.bestScore, test: metrics.map { .init(name: $0.name, value: $0.value) },
      total: count.total, trainable: count.trainable)
    _ = try RunFolder(path, existing: .resume)
    try JSONFile.write(score, to: file)
    return score
  }

  private func tuning(_ variant: TransferVariant, _ training: TrainingSettings, _ seed: UInt64) -> TuningRun {
    TuningRun(
      base: base, method: variant.method, settings: variant.settings, training: training, seed: seed, device: device)
  }

  /// What each method costs, all measured in a row, so that the same machine meets all.
  private func measureCosts() throws(Fault) -> [String: TuningCost] {
    var costs: [String: TuningCost] = [:]
    let split = task.target.training
    let batch = split.batch(Array(0..<min(recipe.training.batchSize, split.count))).to(device)
    for variant in variants {
      let installation = try tuning(variant, recipe.training, 0).install().0
      guard installation.model.parameterCount.trainable > 0 else { continue }
      costs[variant.description] = try TuningCost.measure(
        installation, batch, settings: recipe.training, repeats: 20)
    }
    return costs
  }
}
