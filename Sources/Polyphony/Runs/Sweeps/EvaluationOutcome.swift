import Foundation
import Torch

/// The result of an evaluation: rows of results, and a table and a plot for a sweep over missing data.
public struct EvaluationOutcome {
  /// The scores of the candidates, in their order.
  public let outcomes: [EvaluationRun.CandidateScores]
  /// The name of the scored split.
  public let split: String
  /// The plan of missing modalities. Nil for complete data.
  public let plan: MissingPlan?
  /// The masks of all conditions, in order.
  public let masks: [MissingMask]
  /// The metric of table and plot.
  public var metric: String

  /// True if the plan has several conditions.
  public var isSweep: Bool {
    switch plan {
    case .rates, .patterns: true
    case .single, nil: false
    }
  }

  /// The scores by target or label, for one model with one seed under one condition.
  public var outputs: OutputReport? {
    guard outcomes.count == 1, let sweeps = outcomes.first?.sweeps, sweeps.count == 1, sweeps[0].rows.count == 1 else {
      return nil
    }
    return sweeps[0].rows[0].outputs
  }

  /// The names of the metrics that ``metric`` may be set to.
  public var metrics: [String] { outcomes.first?.sweeps.first?.rows.first?.metrics.names ?? [] }

  /// A row for each model and condition. A sweep adds a row with the mean, and one with the area if it is over rates.
  public var results: [RunResult] {
    outcomes.flatMap { outcome -> [RunResult] in
      func result(_ missing: String?, _ hash: String?, _ scores: (MissingSweep) -> MetricValues) -> RunResult {
        var result = RunResult(name: outcome.name, split: split)
        if let missing { result.conditions["missing"] = missing }
        result.mask = hash
        result.parameters = outcome.parameters
        for (seed, sweep) in zip(outcome.seeds, outcome.sweeps) {
          result.add(seed: seed, scores(sweep), answers: isSweep ? nil : sweep.rows.first?.answers)
        }
        result.outputs = outputs
        return result
      }
      var results = (outcome.sweeps.first?.rows ?? []).enumerated().map { index, row in
        result(plan == nil ? nil : row.missing, plan == nil ? nil : row.hash) { $0.rows[index].metrics }
      }
      if isSweep { results.append(result("mean", nil, \.mean)) }
      if case .rates = plan { results.append(result("area", nil, \.area)) }
      return results
    }
  }

  /// The table of a sweep. Over rates it has a row for each model, over patterns a column for each model.
  public var table: TextTable {
    if case .patterns = plan { return patternTable }
    let rows = outcomes.first?.sweeps.first?.rows ?? []
    var table = TextTable(
      [.init(metric)] + rows.map { .init(String(format: "%g", $0.rate ?? 0), .right) }
        + ["mean", "area", "trained", "share"].map { .init($0, .right) })
    for outcome in outcomes {
      let cells = rows.indices.map { index in
        aggregate(outcome) { $0.rows[index].metrics }.mean.map { String(format: "%.3f", $0) } ?? "undefined"
      }
      table.append(
        [outcome.name] + cells
          + [aggregate(outcome, \.mean).formatted(), aggregate(outcome, \.area).formatted()] + trained(outcome))
    }
    return table
  }

  private var patternTable: TextTable {
    var table = TextTable([.init("present")] + outcomes.map { .init($0.name, .right) })
    for (index, row) in (outcomes.first?.sweeps.first?.rows ?? []).enumerated() {
      table.append(
        [row.isComplete ? "all" : (row.present ?? []).joined(separator: "+")]
          + outcomes.map { aggregate($0) { $0.rows[index].metrics }.formatted() })
    }
    table.append(["mean of incomplete"] + outcomes.map { aggregate($0, \.mean).formatted() })
    for (place, title) in ["trained", "share"].enumerated() {
      table.append([title] + outcomes.map { trained($0)[place] })
    }
    return table
  }

  /// The metric over the rates, or over the number of missing modalities. Bands are standard deviations over seeds.
  public var chart: LineChart {
    let series = outcomes.map { outcome in
      LineChart.Series(
        outcome.name,
        places(outcome).map { place in
          let scores = Aggregate(outcome.sweeps.map { sweep in mean(sweep, place.rows) })
          return .init(place.x, scores.mean, spread: outcome.seeds.count > 1 ? scores.standardDeviation : nil)
        })
    }
    var family = "missing rate"
    if case .rates(let rule, _) = plan { family += " (\(rule.rawValue))" }
    if case .patterns = plan { family = "missing modalities" }
    return LineChart("Missing modalities, \(split) split", x: family, y: metric, series)
  }

  /// The x values of a line's points, and the rows that each point averages.
  private func places(_ outcome: EvaluationRun.CandidateScores) -> [(x: Double, rows: [Int])] {
    let rows = outcome.sweeps.first?.rows ?? []
    if case .rates = plan { return rows.enumerated().map { ($1.rate ?? 0, [$0]) } }
    let total = rows.map { $0.present?.count ?? 0 }.max() ?? 0
    return Dictionary(grouping: rows.indices) { total - (rows[$0].present?.count ?? 0) }.sorted { $0.key < $1.key }
      .map { (Double($0.key), $0.value) }
  }

  private func mean(_ sweep: MissingSweep, _ rows: [Int]) -> Double? {
    MissingSweep(rows: rows.map { sweep.rows[$0] }).overall[metric]
  }

  private func aggregate(_ outcome: EvaluationRun.CandidateScores, _ scores: (MissingSweep) -> MetricValues)
    -> Aggregate
  {
    Aggregate(outcome.sweeps.map { scores($0)[metric] })
  }

  private func trained(_ outcome: EvaluationRun.CandidateScores) -> [String] {
    guard let count = outcome.parameters else { return ["", ""] }
    return [
      "\(count.trainable)", String(format: "%.1f %%", 100 * Double(count.trainable) / Double(max(1, count.total))),
    ]
  }

  /// Writes the masks (`missing/….safetensors`), a sweep's plot (`missing.svg`), `environment.json`, and last
  /// `results.json` with the given text.
  /// - Throws: `Fault(.cannotWrite)`.
  public func write(to folder: String, results: String, _ environment: RunEnvironment) throws(Fault) {
    _ = try RunFolder(folder, existing: .resume)
    if !masks.isEmpty { _ = try RunFolder("\(folder)/missing", existing: .resume) }
    for mask in masks {
      let name = mask.protocolName.replacingOccurrences(of: ":", with: "-")
      try mask.write(to: "\(folder)/missing/\(name).safetensors")
    }
    if isSweep { try AtomicFile.write(chart.svg, to: "\(folder)/missing.svg") }
    try environment.write(to: folder)
    try AtomicFile.write(results, to: "\(folder)/results.json")
  }
}
