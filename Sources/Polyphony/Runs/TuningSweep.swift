import Foundation
import Torch

/// Tunes one base model with several methods and seeds, and tests each with its best weights.
public struct TuningSweep {
  /// The base model's folder, or that of a run over seeds: each seed then tunes its own base.
  public var base: String
  /// An adapter that the base carries already, or a run over seeds that made one for each.
  public var adapter: String?
  /// The recipe, overrides included: sections `tuning` and `training`.
  public var recipe: SettingsTree
  /// The data set's folder.
  public var data: String
  /// Where results go; several methods or seeds get a folder each below it.
  public var output: String
  /// Methods by name.
  public var methods: [String]
  /// Seeds.
  public var seeds: [UInt64]
  /// What to do with a folder that holds a run already.
  public var existing: RunFolder.Existing
  /// Where to compute.
  public var device: Device
  /// How modalities go missing in training, validation and test; nil for the data as it is.
  public var missing: MissingProtocol?
  /// How inputs are corrupted in training, validation and test, drawn by the seed; nil for the data as it is.
  public var shift: Shift?
  /// The modalities that are corrupted; nil for all.
  public var shifted: [String]?
  /// So many samples of every class (of all, where there are no classes) to train and to choose the epoch with, drawn by
  /// the seed; nil for all.
  public var samples: Int?
  /// Watchers of one run, made anew for each.
  public var observers: (_ name: String, _ folder: RunFolder) throws(Fault) -> [any TrainingObserver]

  /// A sweep.
  public init(
    base: String, recipe: SettingsTree, data: String, output: String, methods: [String], seeds: [UInt64],
    existing: RunFolder.Existing, device: Device, missing: MissingProtocol? = nil,
    observers: @escaping (_ name: String, _ folder: RunFolder) throws(Fault) -> [any TrainingObserver]
  ) {
    (self.base, self.recipe, self.data, self.output, self.methods) = (base, recipe, data, output, methods)
    (self.seeds, self.existing, self.device, self.observers) = (seeds, existing, device, observers)
    self.missing = missing
  }

  /// Tunes and tests everything.
  ///
  /// - Returns: a row for each method, and whether the user stopped the run before its end.
  /// - Throws: `Fault` for whatever is wrong with base, recipe, data or output.
  public func run() throws(Fault) -> (results: [RunResult], wasStopped: Bool) {
    var places: [(model: String, adapter: String?)] = []
    for seed in seeds { places.append(try SeededFolders.start(base, adapter: adapter, seed: seed)) }
    let configuration = try ModelFolder.configuration(of: places[0].model)
    let dataset = try Dataset(data).fitted(to: configuration)
    let whole = try Splits(dataset, modelHandlesMissing: true)
    let training = try settings(configuration)
    // One mask for all methods and seeds, so that they are judged alike.
    var mask: MissingMask?
    if let missing { mask = try missing.mask(for: whole.test.samples, configuration.modalities, seed: 0) }
    let root = try RunFolder(output, existing: isSingle ? existing : .resume)
    defer { withExtendedLifetime(root) {} }
    // Kept with its hash, so that the scores say on which samples without what they were reached.
    if let mask { try mask.write(to: "\(root.path)/missing.safetensors") }
    var results: [RunResult] = []
    for method in methods {
      var result = RunResult(name: method, split: whole.testName, output: isSingle ? root.path : path(method, nil))
      if let missing { result.conditions["missing"] = "\(missing)" }
      result.mask = mask?.hash
      for (seed, place) in zip(seeds, places) {
        var splits = whole
        if let shift { splits = try splits.corrupted(dataset, shift, shifted, seed) }
        if let samples { splits = try splits.few(samples, of: configuration.task, seed: seed) }
        let folder = isSingle ? root : try RunFolder(path(method, seed), existing: existing)
        try AtomicFile.write(recipe.yaml(), to: folder.recipe)
        let run = TuningRun(
          base: place.model, adapter: place.adapter, method: method,
          settings: try ownSettings(method, configuration), training: training, seed: seed, device: device,
          missing: missing)
        let outcome = try run.run(
          training: splits.training, validation: splits.validation, folder: folder, resume: existing == .resume,
          observers: try observers(isSingle ? "" : "\(method), seed \(seed)", folder))
        if outcome.summary.wasStopped { return (results, true) }
        result.parameters = outcome.installation.model.parameterCount
        // A fill trains nothing, so there is no step to time.
        if result.cost == nil, outcome.installation.model.parameterCount.trainable > 0 {
          let batch = splits.training.batch(Array(0..<min(training.batchSize, splits.training.count))).to(device)
          result.cost = try TuningCost.measure(outcome.installation, batch, settings: training)
        }
        let evaluation = try outcome.installation.model.evaluate(
          splits.test, device: device, prepare: { mask?.apply(to: $0, indices: $1) ?? $0 })
        result.add(seed: seed, evaluation.metrics)
      }
      results.append(result)
    }
    return (results, false)
  }

  private var isSingle: Bool { methods.count == 1 && seeds.count == 1 }

  private func path(_ method: String, _ seed: UInt64?) -> String {
    var path = output
    if methods.count > 1 { path += "/\(method)" }
    if let seed, seeds.count > 1 { path += "/seed-\(seed)" }
    return path
  }

  /// The keys of the section `tuning` that a method reads; of a single method all, so that it refuses what it does not
  /// know.
  private func ownSettings(_ method: String, _ configuration: ModelConfiguration) throws(Fault) -> SettingsTree {
    let section = recipe["tuning"] ?? .empty
    guard methods.count > 1 else { return section }
    let maker = try TuningMethods.maker(method)
    return try SettingsReader.readPart(of: section) { (reader) throws(Fault) in
      _ = try maker(reader, configuration)
    }.resolved
  }

  /// Reads the recipe once for all methods: a key that one of them reads is not unknown to another.
  private func settings(_ configuration: ModelConfiguration) throws(Fault) -> TrainingSettings {
    try SettingsReader.read(recipe) { (reader) throws(Fault) in
      for method in methods {
        let maker = try TuningMethods.maker(method)
        _ = try reader.section("tuning") { (section) throws(Fault) in try maker(section, configuration) }
      }
      return try reader.section("training") { (section) throws(Fault) in try TrainingSettings(section) }
    }.value
  }
}
