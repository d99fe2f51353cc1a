import Foundation
import OrderedCollections
import Torch

/// Scores several models, with and without adapters, on one split under the same conditions of missing data.
///
/// Each model is scored for all its seeds.
///
/// ```swift
/// let candidates = EvaluationRun.Candidate.named(model: "runs/base", adapters: ["none", "wander=runs/wander"])
/// let run = EvaluationRun(candidates, data: "mosi", missing: try MissingPlan("sample:0,0.3,0.6"))
/// let outcome = try run.run()
/// print(outcome.table.text())
/// ```
public struct EvaluationRun {
  /// A model in the comparison.
  public struct Candidate: Sendable {
    /// The name in the results.
    public var name: String
    /// The folder of the model.
    public var model: SeededFolders
    /// The folder of an adapter for the model. Default: the model alone.
    public var adapter: SeededFolders?

    /// Describes a candidate.
    public init(name: String, model: SeededFolders, adapter: SeededFolders? = nil) {
      (self.name, self.model, self.adapter) = (name, model, adapter)
    }

    /// The seeds of model or adapter. 0 alone if one folder serves all seeds.
    var seeds: [UInt64] {
      let own = [model.seeds, adapter?.seeds ?? []].filter { !$0.isEmpty }
      guard let first = own.first else { return [0] }
      // A seed that the model lacks is an error later, at the time of reading the model.
      return own.count == 2 ? own[1] : first
    }
  }

  /// The scores of a candidate.
  public struct CandidateScores {
    /// The name of the candidate.
    public var name: String
    /// The seeds.
    public var seeds: [UInt64] = []
    /// The scores of each seed, in the order of ``seeds``.
    public var sweeps: [MissingSweep] = []
    /// The sizes of the model.
    public var parameters: ParameterCount?
  }

  /// The models to compare.
  public var candidates: [Candidate]
  /// The data set's folder.
  public var data: String
  /// The split's name.
  public var split: String
  /// The plan of missing modalities. Default: the data as it is.
  public var missing: MissingPlan?
  /// True to add the worth of each modality to the results (``PerModalityMetrics``).
  public var measuresModalities = false
  /// The device that computes.
  public var device: Device
  /// The processes that share the work. All of them must run the same evaluation, and get the same. Default: those of the
  /// program.
  public var group: ProcessGroup? = .current

  /// Describes an evaluation.
  public init(
    _ candidates: [Candidate], data: String, split: String = "test", missing: MissingPlan? = nil, device: Device = .cpu
  ) {
    (self.candidates, self.data, self.split, self.missing, self.device) = (candidates, data, split, missing, device)
  }

  /// Scores every candidate with every seed, under every condition.
  /// - Throws: `Fault` for errors in models, adapters or data, and if a process of the group has gone.
  public func run() throws(Fault) -> EvaluationOutcome {
    var outcomes: [CandidateScores] = []
    var conditions: [MissingPlan.Draw] = []
    var task: PredictionTask?
    for candidate in candidates {
      var outcome = CandidateScores(name: candidate.name)
      for seed in candidate.seeds {
        let adapter = try candidate.adapter.map { (folders) throws(Fault) in try folders.folder(seed: seed) }
        let start = try ModelWithAdapter(try candidate.model.folder(seed: seed), adapter: adapter, device: device)
        let model = start.model
        let dataset = try model.fitted(try Dataset(data))
        let labelled = try model.completed(try dataset.labelled(split), of: dataset)
        // Masks follow from the samples, the modalities and their order. So all candidates share them.
        if conditions.first?.mask.modalities != model.configuration.modalities.map(\.name) {
          conditions = try (missing ?? .single(.fixed([])))
            .conditions(for: labelled.samples, model.configuration.inputModalities)
        }
        try group?.agree(toScore: start, on: labelled, masks: conditions.map(\.mask.hash))
        var sweep = try MissingSweep(
          model, labelled, conditions, names: AnswerNames(dataset), device: device, group: group)
        if measuresModalities, var only = sweep.rows.first, sweep.rows.count == 1 {
          only.metrics.append(
            try PerModalityMetrics.measure(
              model, labelled, training: try model.completed(try dataset.labelled("train"), of: dataset),
              device: device))
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
  /// The candidates of a command line: the model alone, or one candidate for each adapter.
  ///
  /// An adapter is `FOLDER`, `NAME=FOLDER`, or `none` for the model itself. A folder without a name is named after the
  /// part of its path in which it differs from the others.
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

  /// Removes the components that all paths begin and end with.
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
