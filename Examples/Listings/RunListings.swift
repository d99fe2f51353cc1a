import Polyphony
import Torch

/// The listings in the comments of lives, grids, sweeps, pipelines, transfers and benchmarks.
public enum RunListings {
  /// Trains two strategies over five seeds.
  public static func train(_ recipe: SettingsTree) throws(Fault) -> [RunResult] {
    let life = TrainLife(recipe: recipe, data: "mosi", methods: ["joint", "cggm"])
    let rows = try MethodGrid(life, output: "runs/mosi", seeds: [0, 1, 2, 3, 4]).run().results
    return rows
  }

  /// Adds the rows of further methods to those of an output folder.
  public static func addMethods(_ life: TuneLife) throws(Fault) -> [RunResult] {
    let environment = RunEnvironment(data: ["mosi"])
    var grid = MethodGrid(life, output: "runs/tuned", seeds: [0, 1])
    grid.earlier = EarlierResults(in: "runs/tuned", command: "tune", environment)
    return try grid.run().results
  }

  /// Trains one model in memory.
  public static func trainOne(_ recipe: SettingsTree) throws(Fault) -> MultimodalModel {
    let life = TrainLife(recipe: recipe, data: "mosi", methods: ["joint", "cggm"])
    let model = try life.prepare().run("cggm", seed: 0).model
    return model
  }

  /// Tunes a base, and switches the method off.
  public static func tune() throws(Fault) {
    let life = TuneLife(model: "runs/base/model", data: .folder("mosi"), methods: ["lora", "wander"])
    let tuned = try life.prepare().run("wander", seed: 0)
    tuned.installation.isEnabled = false  // the base again, bit for bit
  }

  /// Adapts a model to samples without labels.
  public static func adapt() throws(Fault) -> AdaptationOutcome {
    let life = try AdaptLife(model: "runs/base/model", data: "target", methods: ["casp"])
    let outcome = try life.prepare().run("casp").outcome
    return outcome
  }

  /// Installs LoRA for a training loop of one's own.
  public static func install() throws(Fault) {
    let base = try ModelWithAdapter("runs/base/model")
    let (installation, description) = try base.install("lora", seed: 0)
    // … train `installation.model` …
    try AdapterFolder.write(installation, description, to: "runs/lora/adapter")
  }

  /// Opens the log of a run that may be continued.
  public static func openLog() throws(Fault) -> MetricsLog {
    let folder = try RunFolder("runs/base", existing: .resume)
    let metrics = try MetricsLog(path: folder.metrics)
    return metrics
  }

  /// Adapts to samples in memory, and scores the result with their targets.
  public static func adapt(to test: LabelledSplit) throws(Fault) -> RunScore {
    let target = AdaptationTarget(samples: test.samples, targets: { test.target })
    let life = AdaptLife(model: "runs/base/model", origin: "test", methods: ["casp"]) { (_, _) in target }
    let prepared = try life.prepare()
    return try prepared.score(try prepared.run("casp"), seed: 0, measuresCost: false)
  }

  /// Scores a base and an adapter over growing rates of missing modalities.
  public static func evaluate() throws(Fault) -> EvaluationOutcome {
    let candidates = EvaluationRun.Candidate.named(model: "runs/base", adapters: ["none", "wander=runs/wander"])
    let run = EvaluationRun(candidates, data: "mosi", missing: try MissingPlan("sample:0,0.3,0.6"))
    let outcome = try run.run()
    print(outcome.table.text())
    return outcome
  }

  /// Scores CASP under two kinds of shifts.
  public static func sweepShifts() throws(Fault) -> [RunResult] {
    let shifts = try ShiftSweep.shifts([.noise, .drop], severities: [1, 3, 5])
    let sweep = ShiftSweep(base: "runs/base/model", methods: ["source", "casp"], shifts: shifts, seeds: [0, 1, 2])
    let rows = try sweep.run(Dataset("mosi"))
    let means = ShiftSweep.means(rows)
    return rows + means
  }

  /// Reads a recipe of several methods, and lists their stages.
  public static func listStages() throws(Fault) {
    let tree = try SettingsTree(contentsOf: "comparison.yaml")
    let recipe = try PipelineRecipe(tree, .comparison)
    for plan in recipe.plans { print(plan.data.name, plan.method, plan.stages.map(\.kind)) }
  }

  /// Runs a recipe of several methods.
  public static func compare() throws(Fault) -> [RunResult] {
    let recipe = try PipelineRecipe(SettingsTree(contentsOf: "comparison.yaml"), .comparison)
    let pipeline = try Pipeline(recipe, output: "runs/comparison")
    try pipeline.index().write(to: "runs/comparison")
    let rows = try pipeline.run().results
    return rows
  }

  /// Compares tuning methods on the second half of a data set's classes.
  public static func transfer(_ tree: SettingsTree) throws(Fault) -> [RunResult]? {
    let task = try TransferTask.classes(Dataset("numerals"))
    let recipe = try SettingsReader.read(tree) { (reader) throws(Fault) in try TransferRecipe(reader) }.value
    let variants = try TransferVariant.list("full,lora{rank: 2},wander")
    let suite = TransferSuite(task, recipe, variants: variants, seeds: [0, 1, 2, 3, 4], folder: "runs/transfer")
    let rows = try suite.run()
    return rows
  }

  /// Times a training step.
  public static func time(_ model: MultimodalModel) throws(Fault) {
    let batch = StepBenchmark.batch(model.configuration, count: 32)
    let result = try StepBenchmark.run("train", .init(model: model, batch: batch), repeats: 50)
    print(result.samplesPerSecond)
  }

  /// Measures the cost of Wander.
  public static func measure(_ batch: Batch) throws(Fault) {
    let (installation, _) = try ModelWithAdapter("runs/base/model").install("wander")
    let cost = try TuningCost.measure(installation, batch, repeats: 20)
    print(cost.trainableShare, cost.secondsPerStep, cost.addedLatency)
  }

  /// Measures the power with which the cost of a fusion grows with the number of modalities.
  public static func scale() -> Double? {
    let scaling = FusionScaling()
    let points = (1...5).map { scaling.measure(.wander, modalities: $0, length: 50) }
    let power = FusionScaling.exponent(points.map { (Double($0.modalities), $0.seconds ?? 0) })
    return power
  }

  /// Lists the models of a run over seeds.
  public static func listModels() throws(Fault) {
    let models = SeededFolders("runs/mosi/cggm", .model)
    for seed in models.seeds { print(seed, try models.folder(seed: seed)) }
  }

  /// Makes a row of results.
  public static func makeRow() {
    var row = RunResult(name: "cggm", split: "test")
    row.add(seed: 0, ["accuracy": 0.81])
    row.add(seed: 1, ["accuracy": 0.79])
    print(row.aggregates["accuracy"]?.formatted() ?? "undefined")  // mean and standard deviation
  }

  /// Draws few samples of a target.
  public static func drawFew() throws(Fault) {
    let task = try TransferTask.corpus(modalities: 3)
    let few = try task.target(.samples(50), seed: 0)
    print(few.training.count, few.test.count)
  }
}
