import Foundation
import Torch

/// Compares tuning methods: pretrains one base, and tunes it by every method with every amount of samples and every
/// seed.
///
/// A seed draws the samples and the methods' starting values. All runs share the base. Every finished run writes a
/// file, so that a stopped suite continues with the next run.
///
/// ```swift
/// let task = try TransferTask.classes(Dataset("numerals"))
/// let recipe = try SettingsReader.read(tree) { (reader) throws(Fault) in try TransferRecipe(reader) }.value
/// let variants = try TransferVariant.list("full,lora{rank: 2},wander")
/// let suite = TransferSuite(task, recipe, variants: variants, seeds: [0, 1, 2, 3, 4], folder: "runs/transfer")
/// let rows = try suite.run()
/// ```
public struct TransferSuite {
  /// The transfer: source, target and task.
  public var task: TransferTask
  /// The recipe: backbone, loops and learning rates.
  public var recipe: TransferRecipe
  /// The tuning methods with their settings.
  public var variants: [TransferVariant]
  /// The amounts of the target's samples.
  public var amounts: [TransferTask.Amount]
  /// The seeds of the tuning.
  public var seeds: [UInt64]
  /// The output folder, with the base (`model`) and all scores (`runs`).
  public var folder: String
  /// The device that computes.
  public var device = Device.cpu
  /// Receives a line of text after the pretraining and after each row.
  public var didFinish: (String) -> Void = { _ in }

  /// Describes a suite with the task's default amounts.
  public init(
    _ task: TransferTask, _ recipe: TransferRecipe, variants: [TransferVariant], seeds: [UInt64], folder: String
  ) {
    (self.task, self.recipe, self.variants) = (task, recipe, variants)
    (self.seeds, self.folder, amounts) = (seeds, folder, task.amounts)
  }

  /// The first words of the recipe in the output folder.
  package static let recipeHeading = "# transfer"

  /// The folder of the base.
  public var base: String { "\(folder)/model" }

  /// Runs every combination that has no result on disk yet.
  /// - Returns: a row for each amount and method, or nil if the user stopped it.
  /// - Throws: The errors of data, training and files, and `Fault(.usage)` for methods that do not fit the base.
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

  /// The principal metric of the task.
  public var metric: String { Evaluation.principalMetric(task.prediction) }

  /// Pretrains the base, unless its folder exists.
  /// - Returns: false if the user stopped it.
  func pretrain() throws(Fault) -> Bool {
    guard !FileManager.default.fileExists(atPath: "\(base)/config.json") else { return true }
    let base = TransferBase(task: task, recipe: recipe, device: device, didFinish: didFinish)
    guard let model = try base.pretrained() else { return false }
    _ = try RunFolder(folder, existing: .resume)
    try ModelFolder.write(model.backbone, to: self.base)
    return true
  }

  /// Runs every rate for the first seeds, then the best rate for all seeds. Returns nil if the user stopped it.
  private func row(_ variant: TransferVariant, _ amount: TransferTask.Amount) throws(Fault) -> RunResult? {
    let trials = Array(seeds.prefix(recipe.rateSeeds))
    var best: (rate: Double, validation: Double)?
    for rate in recipe.rates where recipe.rates.count > 1 {
      let outcome = try grid(variant, amount, rate, trials).run()
      guard let scores = outcome.scores.first, !outcome.wasStopped else { return nil }
      let mean = scores.map { $0.validation ?? .infinity }.reduce(0, +) / Double(scores.count)
      let direction = MetricDirection(metric: recipe.training.select)
      if best == nil || direction.improves(mean, on: best?.validation) { best = (rate, mean) }
    }
    let rate = best?.rate ?? recipe.rates[0]
    let outcome = try grid(variant, amount, rate, seeds).run()
    guard var result = outcome.results.first, !outcome.wasStopped else { return nil }
    result.name = variant.description
    result.conditions["samples"] = amount.description
    result.conditions["rate"] = "\(rate)"
    didFinish("\(amount) samples, \(variant): \(metric) \(result.aggregates[metric]?.formatted() ?? "undefined")")
    return result
  }

  /// The runs of a method with one learning rate. Each run's score is written to a file and not computed again.
  private func grid(
    _ variant: TransferVariant, _ amount: TransferTask.Amount, _ rate: Double, _ seeds: [UInt64]
  ) -> MethodGrid<TuneLife> {
    let path = "\(folder)/runs/\(amount)/\(variant.slug)/rate-\(rate)"
    var grid = MethodGrid(life(variant, amount, rate: rate), seeds: seeds)
    grid.measuresCost = false
    grid.known = { (_, seed) in TransferScores.read("\(path)/seed-\(seed).json", seed: seed) }
    grid.didScore = { (score, method, seed) throws(Fault) in
      _ = try RunFolder(path, existing: .resume)
      try TransferScores.write(score, of: method, seed: seed, to: "\(path)/seed-\(seed).json")
    }
    return grid
  }

  /// Removes the scores of all runs, and the recipe behind them. Other files below `runs` stay.
  package static func removeScores(in folder: String) {
    let runs = "\(folder)/runs"
    for path in (try? FileManager.default.subpathsOfDirectory(atPath: runs)) ?? [] {
      let parts = path.split(separator: "/")
      guard parts.count == 4, parts[2].hasPrefix("rate-"), parts[3].hasPrefix("seed-"),
        [".json", ".sha256"].contains(where: parts[3].hasSuffix)
      else { continue }
      unlink("\(runs)/\(path)")
    }
    let recipe = "\(folder)/recipe.yaml"
    if (try? String(contentsOfFile: recipe, encoding: .utf8))?.hasPrefix(TransferSuite.recipeHeading) == true {
      unlink(recipe)
    }
  }

  private func life(_ variant: TransferVariant, _ amount: TransferTask.Amount, rate: Double) -> TuneLife {
    var life = TuneLife(
      model: base, recipe: SettingsTree(.map(["tuning": variant.settings])),
      data: .splits { (seed) throws(Fault) in try self.task.target(amount, seed: seed) }, methods: [variant.method],
      device: device)
    var training = recipe.training
    training.learningRate = rate
    life.training = training
    return life
  }

  /// Measures the cost of every method in a row, so that all of them run on the same machine.
  private func measureCosts() throws(Fault) -> [String: TuningCost] {
    var costs: [String: TuningCost] = [:]
    for variant in variants {
      let tuning = try life(variant, .all, rate: recipe.training.learningRate).prepare()
      costs[variant.description] = try tuning.cost(
        of: try tuning.install(variant.method).installation, task.target.training, repeats: 20)
    }
    return costs
  }
}
