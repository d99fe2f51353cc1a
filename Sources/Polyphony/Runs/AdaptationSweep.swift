import Torch

/// Adapts one source model to a target with several methods and seeds, and scores each where targets are known.
///
/// Adaptation is given samples without targets. Targets are read for the scores alone: offline those of a split that the
/// adapted model predicts, online those of the stream, for what was said of each batch before it was learned. The source
/// stands in a row of its own.
public struct AdaptationSweep {
  /// The source model's folder, or that of a run over seeds: each seed then adapts its own.
  public var base: String
  /// An adapter that the source carries already, or a run over seeds that made one for each.
  public var adapter: String?
  /// The recipe, overrides included: the section `adaptation`.
  public var recipe: SettingsTree
  /// The target data set's folder.
  public var data: String
  /// The split that is adapted to.
  public var split = "train"
  /// The split that is scored, offline; nil for `test`, or for ``split`` where there is no such split.
  public var scored: String?
  /// Where results go; several methods or seeds get a folder each below it.
  public var output: String
  /// Methods by name.
  public var methods: [String]
  /// Whether samples come once, in their order.
  public var isOnline = false
  /// Seeds.
  public var seeds: [UInt64]
  /// What to do with a folder that holds a run already.
  public var existing: RunFolder.Existing
  /// Where to compute.
  public var device: Device
  /// Watchers of one run, made anew for each.
  public var observers: (_ name: String, _ folder: RunFolder) throws(Fault) -> [any AdaptationObserver]

  /// A sweep.
  public init(
    base: String, recipe: SettingsTree, data: String, output: String, methods: [String], seeds: [UInt64],
    existing: RunFolder.Existing, device: Device,
    observers: @escaping (_ name: String, _ folder: RunFolder) throws(Fault) -> [any AdaptationObserver] = {
      (_, _) throws(Fault) in []
    }
  ) {
    (self.base, self.recipe, self.data, self.output, self.methods) = (base, recipe, data, output, methods)
    (self.seeds, self.existing, self.device, self.observers) = (seeds, existing, device, observers)
  }

  /// What a sweep found.
  public struct Report {
    /// A row for each method, the source's last; its condition `returns` counts returns from a collapse.
    public var results: [RunResult] = []
    /// What a reader has to know of each method.
    public var remarks: [String] = []
    /// Whether the user stopped the run before its end.
    public var wasStopped = false
  }

  /// Adapts and scores everything.
  /// - Throws: `Fault` for whatever is wrong with base, recipe, data or output.
  public func run() throws(Fault) -> Report {
    var places: [(model: String, adapter: String?)] = []
    for seed in seeds { places.append(try SeededFolders.start(base, adapter: adapter, seed: seed)) }
    let first = try CarriedModel(places[0].model, adapter: places[0].adapter).model
    let configuration = first.configuration
    let dataset = try Dataset(data).fitted(to: configuration)
    let recipe = try AdaptationRecipe(self.recipe, methods: methods, configuration)
    let samples = try dataset.unlabelled(split)
    try samples.checkPresence(configuration.modalities, file: data, modelHandlesMissing: first.handlesMissingModalities)
    let name = isOnline ? split : scored ?? (dataset.description.splits["test"] == nil ? split : "test")
    let isScored = try dataset.hasTargets(name)
    let root = try RunFolder(output, existing: isSingle ? existing : .resume)
    defer { withExtendedLifetime(root) {} }
    var report = Report()
    func row(_ method: String, _ output: String?) -> RunResult {
      var row = RunResult(name: method, split: name, output: output)
      row.conditions["mode"] = isOnline ? "online" : "offline"
      return row
    }
    for method in methods {
      var result = row(method, isSingle ? root.path : path(method, nil))
      var returns = 0
      for (seed, source) in zip(seeds, places) {
        let folder = isSingle ? root : try RunFolder(path(method, seed), existing: existing)
        let settings = recipe.settings(for: method)
        try AtomicFile.write(SettingsTree(.map(["adaptation": settings])).yaml(), to: folder.recipe)
        let title = "\(method), seed \(seed)"
        let run = AdaptationRun(
          base: source.model, adapter: source.adapter, method: method, settings: settings, isOnline: isOnline,
          seed: seed, device: device)
        let done = try run.run(
          on: samples, folder: folder, resume: existing == .resume,
          observers: try observers(isSingle ? "" : title, folder))
        if done.outcome.wasStopped {
          report.wasStopped = true
          return report
        }
        result.parameters = (done.outcome.parameters.total, done.outcome.parameters.adapted)
        result.add(seed: seed, isScored ? try scores(of: done, dataset, name) : [:])
        returns += done.outcome.returns.count
        if seed == seeds[0] { report.remarks += done.outcome.notes.map { "\(method): \($0)" } }
      }
      if returns > 0 { result.conditions["returns"] = "\(returns)" }
      report.results.append(result)
    }
    guard isScored, !methods.contains("source") else { return report }
    var source = row("source", nil)
    let labelled = try dataset.labelled(name)
    var scores = MetricValues()
    for (index, (seed, place)) in zip(seeds, places).enumerated() {
      if index == 0 || place != places[index - 1] {
        let model = try CarriedModel(place.model, adapter: place.adapter).model
        model.move(to: device)
        model.train(false)
        scores = try model.evaluate(labelled, device: device).metrics
        source.parameters = (model.parameterCount.total, 0)
      }
      source.add(seed: seed, scores)
    }
    report.results.append(source)
    return report
  }

  private func scores(of done: AdaptationRun.Result, _ dataset: Dataset, _ name: String) throws(Fault) -> MetricValues {
    let (model, outcome) = (done.installation.model, done.outcome)
    let task = model.configuration.task
    let labelled = try dataset.labelled(name)
    if isOnline {
      return try Evaluation(outcome.prediction, labelled.target, task: task, loss: TaskLoss(task)).metrics
    }
    var scores = try model.evaluate(labelled, device: device).metrics
    if let snapshots = outcome.snapshots, let share = outcome.share, try dataset.hasTargets(split) {
      let target = split == name ? labelled.target : try dataset.labelled(split).target
      scores.append(PseudoLabelError.values(snapshots, target, share: share, task: task))
    }
    return scores
  }

  private var isSingle: Bool { methods.count == 1 && seeds.count == 1 }

  private func path(_ method: String, _ seed: UInt64?) -> String {
    var path = output
    if methods.count > 1 { path += "/\(method)" }
    if let seed, seeds.count > 1 { path += "/seed-\(seed)" }
    return path
  }
}
