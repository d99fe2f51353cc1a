import Torch

/// Runs and scores a life for every method and seed. All commands share this loop.
///
/// One method with one seed runs in the output folder itself. Several runs get a folder each (`METHOD/seed-N`). The
/// grid locks the folders, writes each run's recipe, and continues a killed run from its checkpoint.
///
/// ```swift
/// let life = TrainLife(recipe: recipe, data: "mosi", methods: ["joint", "cggm"])
/// let rows = try MethodGrid(life, output: "runs/mosi", seeds: [0, 1, 2, 3, 4]).run().results
/// ```
public struct MethodGrid<Kind: Life> {
  /// The observer of a run.
  public typealias Observer = Kind.Prepared.Observer
  /// Makes the observers of a run. `name` identifies the run among several, and is empty for a single one.
  public typealias Observing = (_ name: String, _ folder: RunFolder) throws(Fault) -> [Observer]

  /// The results of a grid.
  public struct Outcome {
    /// A row for each method, then the rows of ``PreparedLife/references(seeds:)``.
    public var results: [RunResult] = []
    /// The scores of each run, by method and in the order of the seeds.
    public var scores: [[RunScore]] = []
    /// Notes on the methods for the reader of the results.
    public var remarks: [String] = []
    /// True if the user stopped the grid before its end.
    public var wasStopped = false
  }

  /// The life to run.
  public var life: Kind
  /// The output folder. Default: the grid keeps all results in memory.
  public var output: String?
  /// The seeds.
  public var seeds: [UInt64]
  /// The treatment of a folder that holds a run already.
  public var existing: RunFolder.Existing
  /// The results that the output folder may hold already. Without it, the grid does not look for any.
  public var earlier: EarlierResults?
  /// True to time the first seed's product. Only a tuning has a cost.
  public var measuresCost = true
  /// Returns the score of an earlier finished run, which the grid then does not repeat. Default: no such run.
  public var known: (_ method: String, _ seed: UInt64) throws(Fault) -> RunScore? = { (_, _) throws(Fault) in nil }
  /// Receives the score of each run that the grid has done.
  public var didScore: (_ score: RunScore, _ method: String, _ seed: UInt64) throws(Fault) -> Void = {
    (_, _, _) throws(Fault) in
  }
  /// Makes the observers of a run.
  public var observers: Observing
  /// Receives all runs that have a folder. Default: the one that the environment asks for.
  var tracker = RunTracker.shared

  /// Describes a grid.
  public init(
    _ life: Kind, output: String? = nil, seeds: [UInt64] = [0], existing: RunFolder.Existing = .refuse,
    observers: @escaping Observing = { (_, _) throws(Fault) in [] }
  ) {
    (self.life, self.output, self.seeds) = (life, output, seeds)
    (self.existing, self.observers) = (existing, observers)
  }

  /// Prepares the life, then runs and scores every method with every seed.
  /// - Throws: `Fault` for errors in settings, models, data or output.
  public func run() throws(Fault) -> Outcome { try run(try life.prepare(seeds: seeds)) }

  /// Runs and scores every method with every seed, for a life that is prepared already.
  /// - Throws: `Fault` for errors in data or output.
  public func run(_ prepared: Kind.Prepared) throws(Fault) -> Outcome {
    let isSingle = prepared.methods.count == 1 && seeds.count == 1
    try earlier?.check(prepared.methods.map(prepared.row), seeds: seeds, existing: existing)
    let root = try output.map { (path) throws(Fault) in
      try RunFolder(path, existing: isSingle ? existing : treatment(of: path))
    }
    defer { withExtendedLifetime(root) {} }
    if let root { try prepared.begin(in: root) }
    var outcome = Outcome()
    for method in prepared.methods {
      var row = prepared.row(for: method)
      row.output = isSingle ? output : path(prepared, method, nil)
      if seeds.count > 1, let place = row.output, place != output, treatment(of: place) == .overwrite {
        _ = try RunFolder(place, existing: .overwrite)
      }
      var scores: [RunScore] = []
      for seed in seeds {
        guard let score = try score(prepared, method, seed, root: isSingle ? root : nil) else {
          outcome.wasStopped = true
          return outcome
        }
        row.add(seed: seed, score.metrics, answers: score.answers)
        row.parameters = score.parameters
        row.cost = row.cost ?? score.cost
        if scores.isEmpty { outcome.remarks += score.remarks.map { "\(method): \($0)" } }
        scores.append(score)
      }
      let returns = scores.map(\.returns).reduce(0, +)
      if returns > 0 { row.conditions["returns"] = "\(returns)" }
      outcome.results.append(row)
      outcome.scores.append(scores)
    }
    outcome.results += try prepared.references(seeds: seeds)
    return outcome
  }

  /// Runs and scores one method with one seed. Returns nil if the user stopped the run. A single run uses the output
  /// folder itself.
  private func score(
    _ prepared: Kind.Prepared, _ method: String, _ seed: UInt64, root: RunFolder?
  ) throws(Fault) -> RunScore? {
    if let score = try known(method, seed) { return score }
    if StopSignal.isRequested { return nil }
    var folder = root
    if folder == nil, let path = path(prepared, method, seed) { folder = try RunFolder(path, existing: existing) }
    var watching: [Observer] = []
    if let folder {
      try folder.begin(recipe: prepared.recipe(for: method).yaml())
      watching = try observers(root == nil ? "\(method), seed \(seed)" : "", folder)
    }
    let tracked = folder.flatMap { track(prepared, method, seed, $0) }
    if let observer = tracked as? Observer { watching.append(observer) }
    do throws(Fault) {
      let product = try prepared.run(
        method, seed: seed, folder: folder, resume: existing == .resume, observers: watching)
      if product.wasStopped {
        tracked?.end(.killed)
        return nil
      }
      let score = try prepared.score(product, seed: seed, measuresCost: measuresCost && seed == seeds.first)
      try didScore(score, method, seed)
      if let tracked, let folder {
        tracked.end(.finished, scores: score.metrics, files: record(prepared, method, seed, score, folder))
      }
      return score
    } catch {
      tracked?.end(.failed)
      throw error
    }
  }

  /// The treatment of a folder that is to hold the folders of several runs. A single run in it goes if the user wants
  /// to overwrite it.
  private func treatment(of path: String) -> RunFolder.Existing {
    existing == .overwrite && RunFolder.holdsRun(path) ? .overwrite : .resume
  }

  /// The folder of a method, or of one of its seeds.
  private func path(_ prepared: Kind.Prepared, _ method: String, _ seed: UInt64?) -> String? {
    output.map {
      RunFolder.place(in: $0, method: method, of: prepared.methods.count, seed: seed, of: seeds.count)
    }
  }
}
