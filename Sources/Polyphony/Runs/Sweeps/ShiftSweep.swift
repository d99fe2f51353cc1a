import OrderedCollections
import Torch

/// Scores under shifts: every kind × severity × method, over seeds.
///
/// The split's targets serve the scores alone; what is adapted to has none.
/// A method adapts to the corrupted split without its targets and is then scored on it, offline (transductive) or
/// online (each batch before it was learned). `source` is the model as it is.
public struct ShiftSweep {
  /// The source model's folder, or that of a run over seeds.
  public var base: String
  /// The folder of an adapter that the source carries already.
  public var adapter: String?
  /// Adaptation methods by name.
  public var methods: [String]
  /// Shifts; severity 0 is the split as it is.
  public var shifts: [Shift]
  /// The modalities to corrupt; nil for all.
  public var modalities: [String]?
  /// The recipe, overrides included: the section `adaptation`, read by every method.
  public var recipe: SettingsTree
  /// Whether samples come once, in their order.
  public var isOnline: Bool
  /// Seeds of shift and method.
  public var seeds: [UInt64]
  /// Where to compute.
  public var device: Device

  /// A sweep.
  public init(
    base: String, adapter: String? = nil, methods: [String] = ["source"], shifts: [Shift], modalities: [String]? = nil,
    recipe: SettingsTree = .empty, isOnline: Bool = false, seeds: [UInt64] = [0], device: Device = .cpu
  ) {
    (self.base, self.adapter, self.methods) = (base, adapter, methods)
    (self.shifts, self.modalities) = (shifts, modalities)
    (self.recipe, self.isOnline, self.seeds, self.device) = (recipe, isOnline, seeds, device)
  }

  /// Shifts of several kinds and severities; all without arguments.
  /// - Throws: `Fault(.usage)` for a severity outside 0 to 5.
  public static func shifts(
    _ kinds: [Shift.Kind] = Shift.Kind.allCases, severities: [Int] = Array(Shift.severities)
  ) throws(Fault) -> [Shift] {
    var result: [Shift] = []
    for kind in kinds { for severity in severities { result.append(try Shift(kind, severity: severity)) } }
    return result
  }

  /// Adapts to and scores a split of a data set under every shift.
  ///
  /// - Parameters:
  ///   - data: the data set.
  ///   - split: the split's name.
  ///   - didFinish: gets each row as soon as it is there, with how often its runs went back from a collapse.
  /// - Returns: a row for each shift and method; its condition `shift` names the shift.
  /// - Throws: `Fault(.usage)` for unknown methods, modalities or settings; what data and adaptation throw.
  public func run(
    _ data: Dataset, split: String = "test", _ didFinish: (RunResult, _ returns: Int) -> Void = { _, _ in }
  ) throws(Fault) -> [RunResult] {
    var life = AdaptLife(
      model: base, adapter: adapter, recipe: recipe, origin: data.folder, scored: split, methods: methods,
      device: device,
      target: target(data, shifts[0], split))
    life.isOnline = isOnline
    let prepared = try life.prepare(seeds: seeds)
    var rows: [RunResult] = []
    for shift in shifts {
      prepared.target = target(data, shift, split)
      prepared.conditions["shift"] = shift.description
      prepared.conditions["modality"] = modalities?.joined(separator: ",")
      let outcome = try MethodGrid(life, seeds: seeds).run(prepared)
      for (row, scores) in zip(outcome.results, outcome.scores) {
        var row = row
        // A condition would keep rows with returns apart from those without.
        row.conditions["returns"] = nil
        rows.append(row)
        didFinish(row, scores.map(\.returns).reduce(0, +))
      }
    }
    return rows
  }

  /// The split under a shift that the seed draws; predictions of the samples themselves are scored.
  private func target(_ data: Dataset, _ shift: Shift, _ split: String) -> AdaptLife.Targeting {
    { (configuration, seed) throws(Fault) in
      let corrupted = try data.fitted(to: configuration).labelled(
        split, corruptedBy: shift, only: self.modalities, seed: seed)
      return AdaptationTarget(samples: corrupted.samples, targets: { corrupted.target })
    }
  }

  /// The mean over all shifts, seed by seed: a row for each method, its condition `shift` is `mean`.
  ///
  /// A metric that is undefined under one of the shifts is undefined.
  public static func means(_ rows: [RunResult]) -> [RunResult] {
    let byMethod = OrderedDictionary(grouping: rows, by: \.name)
    return byMethod.values.map { rows in
      var mean = RunResult(name: rows[0].name, split: rows[0].split)
      mean.conditions = rows[0].conditions
      mean.conditions["shift"] = "mean"
      mean.parameters = rows[0].parameters
      for (place, seed) in rows[0].seeds.enumerated() {
        var scores = MetricValues()
        for metric in rows[0].values[place].names {
          let values = rows.compactMap { $0.values[place][metric] }
          scores[metric] = values.count == rows.count ? values.reduce(0, +) / Double(values.count) : nil
        }
        mean.add(seed: seed, scores)
      }
      return mean
    }
  }
}
