import OrderedCollections
import Torch

/// Scores adaptation methods under shifts, for every kind × severity × method, over seeds.
///
/// A method adapts to the corrupted split without its targets. Then it is scored on the same split, offline
/// (transductive) or online (each batch before the method learns from it). `source` is the unadapted model.
///
/// ```swift
/// let shifts = try ShiftSweep.shifts([.noise, .drop], severities: [1, 3, 5])
/// let sweep = ShiftSweep(base: "runs/base/model", methods: ["source", "casp"], shifts: shifts, seeds: [0, 1, 2])
/// let rows = try sweep.run(Dataset("mosi"))
/// let means = ShiftSweep.means(rows)
/// ```
public struct ShiftSweep {
  /// The folder of the source model, or of a run over seeds.
  public var base: String
  /// The folder of an adapter that the source carries already.
  public var adapter: String?
  /// The names of adaptation methods.
  public var methods: [String]
  /// The shifts. Severity 0 leaves the split as it is.
  public var shifts: [Shift]
  /// The modalities to corrupt. Default: all modalities.
  public var modalities: [String]?
  /// The recipe with all overrides. Every method reads its section `adaptation`.
  public var recipe: SettingsTree
  /// True for a stream, which gives every sample once, in its order.
  public var isOnline: Bool
  /// The seeds of shift and method.
  public var seeds: [UInt64]
  /// The device that computes.
  public var device: Device

  /// Describes a sweep.
  public init(
    base: String, adapter: String? = nil, methods: [String] = ["source"], shifts: [Shift], modalities: [String]? = nil,
    recipe: SettingsTree = .empty, isOnline: Bool = false, seeds: [UInt64] = [0], device: Device = .cpu
  ) {
    (self.base, self.adapter, self.methods) = (base, adapter, methods)
    (self.shifts, self.modalities) = (shifts, modalities)
    (self.recipe, self.isOnline, self.seeds, self.device) = (recipe, isOnline, seeds, device)
  }

  /// Makes shifts of several kinds and severities. Without arguments it makes all of them.
  /// - Throws: `Fault(.usage)` for a severity outside 0 to 5.
  public static func shifts(
    _ kinds: [Shift.Kind] = Shift.Kind.allCases, severities: [Int] = Array(Shift.severities), hitsAll: Bool = false
  ) throws(Fault) -> [Shift] {
    var result: [Shift] = []
    for kind in kinds {
      for severity in severities { result.append(try Shift(kind, severity: severity, hitsAll: hitsAll)) }
    }
    return result
  }

  /// Adapts to and scores a split of a data set under every shift.
  ///
  /// - Parameters:
  ///   - data: the data set.
  ///   - split: the split's name.
  ///   - didFinish: receives each finished row, and the number of times its runs returned from a collapse.
  /// - Returns: a row for each shift and method. Its condition `shift` names the shift.
  /// - Throws: `Fault(.usage)` for unknown methods, modalities or settings, and the errors of data and adaptation.
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
        // A condition `returns` would split one method's rows into two groups.
        row.conditions["returns"] = nil
        rows.append(row)
        didFinish(row, scores.map(\.returns).reduce(0, +))
      }
    }
    return rows
  }

  /// Makes the split under a shift that the seed draws. The scores are those of the predictions for the samples
  /// themselves.
  private func target(_ data: Dataset, _ shift: Shift, _ split: String) -> AdaptLife.Targeting {
    { (configuration, seed) throws(Fault) in
      let corrupted = try data.fitted(to: configuration).labelled(
        split, corruptedBy: shift, only: self.modalities, seed: seed)
      return AdaptationTarget(samples: corrupted.samples, targets: { corrupted.target })
    }
  }

  /// Averages over all shifts, seed by seed. Returns a row for each method, with the condition `shift` set to `mean`.
  ///
  /// A metric that is undefined under one shift has an undefined mean.
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
