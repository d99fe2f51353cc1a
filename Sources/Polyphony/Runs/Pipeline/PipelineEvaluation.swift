import Torch

/// The evaluation of a pipeline's models, which is the section `evaluate` of a recipe.
public struct PipelineEvaluation: Sendable {
  /// The data set's folder.
  let data: String
  /// The name of the scored split.
  let split: String
  /// The plans of missing modalities, each with one condition or several.
  let missing: [MissingPlan]
  /// The corruptions, each scored on its own.
  let shifts: [Shift]
  /// The modalities to corrupt. Default: all modalities.
  let modalities: [String]?

  /// Reads the section, and checks its split and conditions.
  init(_ reader: SettingsReader, data: NamedFolder, _ configuration: ModelConfiguration) throws(Fault) {
    self.data = try PipelineDryRun.folder(reader, data)
    let dataset = try PipelineDryRun.dataset(self.data, splits: [], configuration)
    let given = try reader.string("split", default: dataset.description.splits["test"] == nil ? "valid" : "test")
    split = given
    let isLabelled = try reader.locating("split") { () throws(Fault) in try dataset.hasTargets(given) }
    guard isLabelled else {
      throw reader.fault("the split has no targets to score by", key: "split", expected: "a split with targets")
    }
    var plans: [MissingPlan] = []
    for text in try reader.optional("missing", .texts) ?? [] {
      plans.append(
        try reader.locating("missing") { () throws(Fault) in
          let plan = try MissingPlan(text)
          if case .single(let rule) = plan { try rule.check(configuration.inputModalities) }
          return plan
        })
    }
    missing = plans
    var shifts: [Shift] = []
    for text in try reader.optional("shift", .texts) ?? [] {
      shifts.append(try reader.locating("shift") { () throws(Fault) in try Shift(named: text) })
    }
    self.shifts = shifts
    modalities = try PipelineDryRun.modalities(reader, configuration)
  }

  /// One line with everything that the scores depend on besides model and data.
  var text: String {
    let names = modalities.map { $0.joined(separator: "+") } ?? "all"
    return "\(split) missing \(missing) shift \(shifts.map(\.description)) of \(names)"
  }

  /// The names of the rules of missing modalities. Plans over patterns are left out.
  var scoredRates: [String] { missing.flatMap { $0.rules ?? [] }.map(\.description) }

  /// Scores a model for one seed, on the complete split and then under each condition.
  ///
  /// All seeds share the masks of missing modalities, as in `evaluate`. The seed draws corruptions, as in `adapt`
  /// stages.
  /// - Returns: A row for each condition.
  func rows(_ model: MultimodalModel, seed: UInt64, device: Device) throws(Fault) -> [RunResult] {
    let dataset = try Dataset(data).fitted(to: model.configuration)
    let labelled = try dataset.labelled(split)
    try labelled.samples.checkPresence(
      model.configuration.modalities, file: data, modelHandlesMissing: model.handlesMissingModalities)
    var rows: [RunResult] = []
    func add(
      _ key: String?, _ condition: String, mask: String? = nil, _ scores: MetricValues, answers: AnswerSummary? = nil
    ) {
      var row = RunResult(name: "", split: split)
      if let key { row.conditions[key] = condition }
      row.mask = mask
      row.parameters = model.parameterCount
      row.add(seed: seed, scores, answers: answers)
      rows.append(row)
    }
    let complete = try model.answers(to: labelled, names: AnswerNames(dataset), device: device)
    add(nil, "", complete.evaluation.metrics, answers: complete.summary)
    for plan in missing {
      for row in try MissingSweep(model, labelled, plan, device: device).rows {
        add("missing", row.missing, mask: row.hash, row.metrics)
      }
    }
    for shift in shifts {
      let corrupted = try dataset.labelled(split, corruptedBy: shift, only: modalities, seed: seed)
      add("shift", shift.description, try model.evaluate(corrupted, device: device).metrics)
    }
    return rows
  }
}
