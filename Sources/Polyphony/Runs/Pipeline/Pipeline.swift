import Foundation
import Torch

/// Runs the stages of a recipe for every data set, method and seed, and scores the resulting models.
///
/// Each stage has its own folder below `stages/`. The folder's name is the hash of everything that the stage depends on
/// (`PipelineKeys`). A finished stage is not repeated, and a killed stage continues from its checkpoint. So a repeated
/// call ends with the same bits, and a changed setting repeats only the stages from there on.
///
/// ```swift
/// let recipe = try PipelineRecipe(SettingsTree(contentsOf: "comparison.yaml"), .comparison)
/// let pipeline = try Pipeline(recipe, output: "runs/comparison")
/// try pipeline.index().write(to: "runs/comparison")
/// let rows = try pipeline.run().results
/// ```
public struct Pipeline {
  /// The recipe to run.
  public let recipe: PipelineRecipe
  /// The output folder.
  public let output: String
  /// The device that computes.
  public var device = Device.cpu
  /// The observers of the pipeline.
  public var watch = PipelineWatch()
  /// The locked output folder, for the lifetime of the pipeline. Nil if another process has locked it for this one too.
  private let folder: RunFolder?

  /// Makes and locks the output folder, and writes the recipe into it.
  /// - Throws: `Fault(.cannotWrite)` for a folder that cannot be written to, or that holds something else.
  public init(_ recipe: PipelineRecipe, output: String) throws(Fault) {
    (self.recipe, self.output) = (recipe, output)
    let hasStages = FileManager.default.fileExists(atPath: "\(output)/stages")
    let folder = try RunFolder(output, existing: hasStages ? .resume : .refuse)
    self.folder = folder
    try folder.begin(recipe: recipe.resolved.yaml())
    _ = try RunFolder("\(output)/stages", existing: .resume)
    _ = try RunFolder(scoresFolder, existing: .resume)
  }

  /// Takes part in a pipeline whose folder another process has made and locked.
  package init(_ recipe: PipelineRecipe, sharing output: String) {
    (self.recipe, self.output, folder) = (recipe, output, nil)
  }

  /// The folder of all scores.
  var scoresFolder: String { "\(output)/scores" }

  /// The folders of all stages. They are known before any stage runs.
  public func index() throws(Fault) -> ComparisonIndex {
    let runs = try cells().map { cell in
      ComparisonIndex.Run(
        data: cell.plan.data.name, method: cell.plan.method, seed: cell.seed,
        stages: cell.places.map { place in
          .init(kind: place.stage.kind.rawValue, method: place.stage.method, folder: place.relative)
        })
    }
    return ComparisonIndex(
      reference: recipe.plans.first?.method ?? "", metric: recipe.metric,
      contrasts: recipe.contrasts, runs: runs)
  }

  /// Runs all stages that are not finished yet, and scores the models.
  ///
  /// - Parameter didFinish: receives each seed's model, and the adapter that it carries.
  /// - Throws: `Fault` for errors in data, stages or output.
  public func run(
    didFinish: (_ seed: UInt64, _ model: String, _ adapter: String?) throws(Fault) -> Void = {
      (_, _, _) throws(Fault) in
    }
  ) throws(Fault) -> PipelineOutcome {
    let keys = PipelineKeys()
    var outcome = PipelineOutcome()
    for plan in recipe.plans {
      var rows: [RunResult] = []
      var seconds: [Double] = []
      var cost: TuningCost?
      for seed in recipe.seeds {
        guard let done = try run(try cell(plan, seed, keys)) else {
          outcome.wasStopped = true
          return outcome
        }
        try didFinish(seed, done.state.model, done.state.adapter)
        seconds.append(done.records.map(\.seconds).reduce(0, +))
        cost = cost ?? done.records.last { $0.kind == PipelineStage.Kind.tune.rawValue }?.cost
        if rows.isEmpty {
          rows = done.rows.map { named($0, plan, done.records) }
        }
        for (index, row) in done.rows.enumerated() where index < rows.count {
          rows[index].add(seed: seed, row.values[0], answers: row.answers[seed])
        }
      }
      for index in rows.indices {
        rows[index].cost = cost
        rows[index].seconds = seconds.reduce(0, +) / Double(max(1, seconds.count))
      }
      outcome.results += rows
    }
    return outcome
  }

  /// Makes a row without scores, under its method's name.
  private func named(_ row: RunResult, _ plan: PipelineRecipe.Plan, _ records: [StageRecord]) -> RunResult {
    var result = RunResult(name: plan.method, split: row.split)
    if recipe.isComparison { result.conditions["data"] = plan.data.name }
    for (key, value) in row.conditions { result.conditions[key] = value }
    // All seeds share the mask. Each seed draws its own corruption.
    result.mask = row.mask
    if let total = row.parameters?.total {
      // After a train stage alone, what it trained counts, which is not all of a model with a frozen encoder or body.
      // Otherwise the later stages' parameters count.
      let later = records.filter { $0.kind != PipelineStage.Kind.train.rawValue }
      let counted = (later.isEmpty ? records.suffix(1) : later[...]).compactMap(\.parameters)
      let added = counted.compactMap(\.added)
      result.parameters = ParameterCount(
        total: total, trainable: counted.map(\.trainable).reduce(0, +),
        added: added.isEmpty ? nil : added.reduce(0, +))
    }
    return result
  }

  private struct Outcome {
    var state: PipelineState
    var records: [StageRecord]
    var rows: [RunResult]
  }

  /// Runs all stages of one method with one seed, and scores the model. Returns nil if the user stopped it.
  private func run(_ cell: PipelineCell) throws(Fault) -> Outcome? {
    var records: [StageRecord] = []
    for index in cell.places.indices {
      guard let record = try run(stage: index, of: cell) else { return nil }
      records.append(record)
    }
    guard let state = cell.product, !StopSignal.isRequested else { return nil }
    return Outcome(state: state, records: records, rows: try scores(of: cell))
  }
}

extension Pipeline {
  /// All cells in the order of the recipe.
  func cells() throws(Fault) -> [PipelineCell] {
    let keys = PipelineKeys()
    var cells: [PipelineCell] = []
    for plan in recipe.plans {
      for seed in recipe.seeds { cells.append(try cell(plan, seed, keys)) }
    }
    return cells
  }

  /// The folders of one method with one seed.
  private func cell(_ plan: PipelineRecipe.Plan, _ seed: UInt64, _ keys: PipelineKeys) throws(Fault) -> PipelineCell {
    var start: PipelineState?
    var key = "nothing"
    if let model = recipe.model {
      let place = try SeededFolders.start(model, adapter: recipe.adapter, seed: seed)
      key = try keys.key(model: place.model, adapter: place.adapter)
      start = PipelineState(model: place.model, adapter: place.adapter)
    }
    var places: [StagePlace] = []
    for stage in plan.stages {
      key = try keys.key(stage, seed: seed, after: key)
      places.append(StagePlace(stage, key: key, in: output))
    }
    key = try keys.key(plan.evaluation, seed: seed, of: key)
    var name = "seed \(seed)"
    if recipe.isComparison { name = "\(plan.method), \(name)" }
    if Set(recipe.plans.map(\.data.name)).count > 1 { name = "\(plan.data.name), \(name)" }
    return PipelineCell(
      plan: plan, seed: seed, name: name, start: start, places: places,
      scores: "\(scoresFolder)/\(key.prefix(16)).json")
  }

  /// Runs or takes over one stage of a cell. Returns nil if the user stopped it.
  func run(stage index: Int, of cell: PipelineCell) throws(Fault) -> StageRecord? {
    try StageRunner(device: device, watch: watch)
      .run(cell.places[index], seed: cell.seed, from: cell.state(before: index), title: cell.title(of: index))
  }

  /// Reads the scores of a cell from their file, or computes and writes them.
  func scores(of cell: PipelineCell) throws(Fault) -> [RunResult] {
    if let known = cell.knownScores() { return known }
    if FileManager.default.fileExists(atPath: cell.scores) {
      watch.note("\(cell.name): \(cell.scores) is not whole, and the scores are made anew")
    }
    guard let state = cell.product else {
      throw Fault(.failure, "there is no model to score", file: cell.scores)
    }
    watch.note("\(cell.name), scores on \(cell.plan.evaluation.split)")
    let model = try ModelWithAdapter(state.model, adapter: state.adapter, device: device).model
    let rows = try cell.plan.evaluation.rows(model, seed: cell.seed, device: device)
    try PipelineScores.write(rows, to: cell.scores)
    return rows
  }
}
