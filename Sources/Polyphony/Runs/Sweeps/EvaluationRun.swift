import Foundation
import OrderedCollections
import Torch

/// Scores models, with and without adapters, side by side on one split; each over its seeds, all under the same
/// conditions of missing data.
public struct EvaluationRun {
  /// One of the models that are compared.
  public struct Candidate: Sendable {
    /// What it is called in the results.
    public var name: String
    /// The model.
    public var model: SeededFolders
    /// An adapter for it.
    public var adapter: SeededFolders?

    /// A model.
    public init(name: String, model: SeededFolders, adapter: SeededFolders? = nil) {
      (self.name, self.model, self.adapter) = (name, model, adapter)
    }

    /// The seeds there are; 0 alone where there is one folder for all.
    var seeds: [UInt64] {
      let own = [model.seeds, adapter?.seeds ?? []].filter { !$0.isEmpty }
      guard let first = own.first else { return [0] }
      // A seed that only one of both has is an error of whoever reads the other.
      return own.count == 2 ? own[1] : first
    }
  }

  /// What a candidate reached.
  public struct CandidateScores {
    /// Its name.
    public var name: String
    /// The seeds.
    public var seeds: [UInt64] = []
    /// The scores of each seed.
    public var sweeps: [MissingSweep] = []
    /// Its parameters.
    public var parameters: (total: Int, trainable: Int)?
  }

  /// The models.
  public var candidates: [Candidate]
  /// The data set's folder.
  public var data: String
  /// The split's name.
  public var split: String
  /// What is taken away; nil for the data as it is.
  public var missing: MissingPlan?
  /// Whether the results tell what each modality is worth (``PerModalityMetrics``).
  public var measuresModalities = false
  /// Where to compute.
  public var device: Device

  /// A run.
  public init(
    _ candidates: [Candidate], data: String, split: String = "test", missing: MissingPlan? = nil, device: Device = .cpu
  ) {
    (self.candidates, self.data, self.split, self.missing, self.device) = (candidates, data, split, missing, device)
  }

  /// Scores everything.
  /// - Throws: `Fault` for whatever is wrong with models, adapters or data.
  public func run() throws(Fault) -> EvaluationOutcome {
    var outcomes: [CandidateScores] = []
    var conditions: [MissingPlan.Draw] = []
    var task: PredictionTask?
    for candidate in candidates {
      var outcome = CandidateScores(name: candidate.name)
      for seed in candidate.seeds {
        let adapter = try candidate.adapter.map { (folders) throws(Fault) in try folders.folder(seed: seed) }
        let model = try ModelWithAdapter(try candidate.model.folder(seed: seed), adapter: adapter, device: device).model
        let dataset = try Dataset(data).fitted(to: model.configuration)
        let labelled = try dataset.labelled(split)
        try labelled.samples.checkPresence(
          model.configuration.modalities, file: data, modelHandlesMissing: model.handlesMissingModalities)
        // Masks follow from the samples, the modalities and their order; candidates of one command share them.
        if conditions.first?.mask.modalities != model.configuration.modalities.map(\.name) {
          conditions = try (missing ?? .single(.fixed([])))
            .conditions(for: labelled.samples, model.configuration.modalities)
        }
        var sweep = try MissingSweep(model, labelled, conditions, device: device)
        if measuresModalities, var only = sweep.rows.first, sweep.rows.count == 1 {
          only.metrics.append(
            try PerModalityMetrics.measure(model, labelled, training: try dataset.labelled("train"), device: device))
          sweep = MissingSweep(rows: [only])
        }
        outcome.seeds.append(seed)
        outcome.sweeps.append(sweep)
        outcome.parameters = model.parameterCount
        task = model.configuration.task
      }
      outcomes.append(outcome)
    }
    return EvaluationOutcome(
      outcomes: outcomes, split: split, plan: missing, masks: missing == nil ? [] : conditions.map(\.mask),
      metric: task.map(Evaluation.principalMetric) ?? "accuracy")
  }
}

extension EvaluationRun.Candidate {
  /// The candidates that a command line names: the model alone, or one for each adapter.
  ///
  /// An adapter is a folder, `NAME=FOLDER`, or `none` for the model itself. Folders without a name are called by what
  /// tells their paths apart.
  public static func named(model: String, adapters: [String]) -> [Self] {
    let base = SeededFolders(model, .model)
    guard !adapters.isEmpty else { return [Self(name: model, model: base)] }
    var names: [String?] = []
    var paths: [String?] = []
    for adapter in adapters {
      let parts = adapter.split(separator: "=", maxSplits: 1).map(String.init)
      let isNamed = parts.count == 2 && !FileManager.default.fileExists(atPath: adapter)
      let path = isNamed ? parts[1] : adapter
      paths.append(path == "none" ? nil : path)
      names.append(isNamed ? parts[0] : path == "none" ? "none" : nil)
    }
    let unnamed = zip(names, paths).compactMap { name, path in name == nil ? path : nil }
    var short = unnamed.count == 1 ? unnamed : distinguishing(unnamed)
    return zip(names, paths).map { name, path in
      Self(
        name: name ?? short.removeFirst(), model: base, adapter: path.map { SeededFolders($0, .adapter) })
    }
  }

  /// Paths without the components that all begin and end with.
  static func distinguishing(_ paths: [String]) -> [String] {
    var parts = paths.map { $0.split(separator: "/").map(String.init) }
    guard Set(parts).count == parts.count else { return paths }
    while Set(parts.map { $0.first ?? "" }).count == 1, parts.allSatisfy({ $0.count > 1 }) {
      for index in parts.indices { parts[index].removeFirst() }
    }
    while Set(parts.map { $0.last ?? "" }).count == 1, parts.allSatisfy({ $0.count > 1 }) {
      for index in parts.indices { parts[index].removeLast() }
    }
    return parts.map { $0.joined(separator: "/") }
  }
}
