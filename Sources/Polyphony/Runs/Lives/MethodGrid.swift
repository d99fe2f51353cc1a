import Torch

/// Runs and scores a life for every method and seed: the one loop that all commands share.
///
/// One method with one seed runs in the output folder itself. Several get a folder each below it (`METHOD/seed-N`). The
/// grid locks the folders, writes each run's recipe, and goes on where a killed run has stopped.
///
/// ```swift
/// let life = TrainLife(recipe: recipe, data: "mosi", methods: ["joint", "cggm"])
/// let rows = try MethodGrid(life, output: "runs/mosi", seeds: [0, 1, 2, 3, 4]).run().results
/// ```
public struct MethodGrid<Kind: Life> {
  /// What watches a run.
  public typealias Observer = Kind.Prepared.Observer
  /// Makes what watches a run; `name` says which run of several it is, and is empty for a single one.
  public typealias Observing = (_ name: String, _ folder: RunFolder) throws(Fault) -> [Observer]

  /// What a grid came to.
  public struct Outcome {
    /// A row for each method, then those of ``PreparedLife/references(seeds:)``.
    public var results: [RunResult] = []
    /// The scores of each run, by method and in the order of the seeds.
    public var scores: [[RunScore]] = []
    /// What a reader has to know of each method.
    public var remarks: [String] = []
    /// Whether the user stopped the grid before its end.
    public var wasStopped = false
  }

  /// What is run.
  public var life: Kind
  /// Where results go; nil to keep everything in memory.
  public var output: String?
  /// The seeds.
  public var seeds: [UInt64]
  /// What to do with a folder that holds a run already.
  public var existing: RunFolder.Existing
  /// Whether the first seed's product is timed, where the life has a cost to speak of.
  public var measuresCost = true
  /// The score of a run that was finished before; such a run is not done again.
  public var known: (_ method: String, _ seed: UInt64) throws(Fault) -> RunScore? = { (_, _) throws(Fault) in nil }
  /// Gets the score of each run that was done.
  public var didScore: (_ score: RunScore, _ method: String, _ seed: UInt64) throws(Fault) -> Void = {
    (_, _, _) throws(Fault) in
  }
  /// Makes what watches a run.
  public var observers: Observing

  /// A grid.
  public init(
    _ life: Kind, output: String? = nil, seeds: [UInt64] = [0], existing: RunFolder.Existing = .refuse,
    observers: @escaping Observing = { (_, _) throws(Fault) in [] }
  ) {
    (self.life, self.output, self.seeds) = (life, output, seeds)
    (self.existing, self.observers) = (existing, observers)
  }

  /// Prepares the life, then runs and scores everything.
  /// - Throws: `Fault` for whatever is wrong with settings, models, data or output.
  public func run() throws(Fault) -> Outcome { try run(try life.prepare(seeds: seeds)) }

  /// Runs and scores everything with a life that is prepared already.
  /// - Throws: `Fault` for whatever is wrong with data or output.
  public func run(_ prepared: Kind.Prepared) throws(Fault) -> Outcome {
    let isSingle = prepared.methods.count == 1 && seeds.count == 1
    let root = try output.map { (path) throws(Fault) in try RunFolder(path, existing: isSingle ? existing : .resume) }
    defer { withExtendedLifetime(root) {} }
    if let root { try prepared.begin(in: root) }
    var outcome = Outcome()
    for method in prepared.methods {
      var row = prepared.row(for: method)
      row.output = isSingle ? output : path(prepared, method, nil)
      var scores: [RunScore] = []
      for seed in seeds {
        guard let score = try score(prepared, method, seed, root: isSingle ? root : nil) else {
          outcome.wasStopped = true
          return outcome
        }
        row.add(seed: seed, score.metrics)
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

  /// The score of one run; nil where the user stopped it. A single run has the output folder itself as its own.
  private func score(
    _ prepared: Kind.Prepared, _ method: String, _ seed: UInt64, root: RunFolder?
  ) throws(Fault) -> RunScore? {
    if let score = try known(method, seed) { return score }
    if StopSignal.isRequested { return nil }
    var folder = root
    if folder == nil, let path = path(prepared, method, seed) { folder = try RunFolder(path, existing: existing) }
    var watching: [Observer] = []
    if let folder {
      try AtomicFile.write(prepared.recipe(for: method).yaml(), to: folder.recipe)
      watching = try observers(root == nil ? "\(method), seed \(seed)" : "", folder)
    }
    let product = try prepared.run(
      method, seed: seed, folder: folder, resume: existing == .resume, observers: watching)
    if product.wasStopped { return nil }
    let score = try prepared.score(product, seed: seed, measuresCost: measuresCost && seed == seeds.first)
    try didScore(score, method, seed)
    return score
  }

  /// The folder of a method, or of one of its seeds.
  private func path(_ prepared: Kind.Prepared, _ method: String, _ seed: UInt64?) -> String? {
    guard var path = output else { return nil }
    if prepared.methods.count > 1 { path += "/\(method)" }
    if let seed, seeds.count > 1 { path += "/seed-\(seed)" }
    return path
  }
}
