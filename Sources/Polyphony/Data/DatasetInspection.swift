import Torch

/// The report of `data inspect`: one row for each split and modality, the label counts of each split, and the spread of
/// several targets.
///
/// ```swift
/// for row in try DatasetInspection(Dataset("gestures")).modalities {
///   print(row.split, row.modality, row.form, row.missing)
/// }
/// ```
public struct DatasetInspection: Sendable {
  /// One modality in one split.
  public struct ModalityRow: Sendable {
    /// The name of the split.
    public var split: String
    /// The name of the modality.
    public var modality: String
    /// The kind of the modality, such as `sequence` or `tokens`, followed by the shape of a sample.
    public var form: String
    /// The number of samples in the split.
    public var samples: Int
    /// The share of samples that lack the modality.
    public var missing: Double
    /// The mean number of real steps; nil for vectors and pictures.
    public var meanLength: Double?
    /// The number of missing cells in samples that have the modality.
    public var missingCells: Int
    /// True if no sample of the split has any number of the modality.
    public var isAbsent: Bool
    /// The mean over all values; NaN for raw inputs.
    public var mean: Double
    /// The standard deviation over all values; NaN for raw inputs.
    public var deviation: Double
  }

  /// The label counts of a split.
  public struct LabelRow: Sendable {
    /// The name of the split.
    public var split: String
    /// The number of samples of each class or label, or of each rounded target of a regression; nil for a split without
    /// targets, and for several targets, which ``DatasetInspection/TargetRow`` describes.
    public var counts: [(label: String, count: Int)]?
  }

  /// The spread of one of several targets in one split.
  public struct TargetRow: Sendable {
    /// The name of the split.
    public var split: String
    /// The name of the target.
    public var target: String
    /// The mean over the samples.
    public var mean: Double
    /// The standard deviation over the samples.
    public var deviation: Double
    /// The smallest value.
    public var smallest: Double
    /// The largest value.
    public var largest: Double
  }

  /// One row for each split and modality.
  public let modalities: [ModalityRow]
  /// One row for each split.
  public let labels: [LabelRow]
  /// One row for each split and target of a regression with several targets.
  public let targets: [TargetRow]

  /// Reads and checks a whole data set.
  /// - Throws: `Fault` for the first error.
  public init(_ dataset: Dataset) throws(Fault) {
    var rows: [ModalityRow] = []
    var labels: [LabelRow] = []
    var targets: [TargetRow] = []
    var splits: [UnlabelledSplit] = []
    for name in dataset.splitNames {
      let (path, _) = try dataset.file(of: name)
      let hasTarget = try SafetensorsFile(path: path)["target"] != nil
      let labelled = hasTarget ? try dataset.labelled(name) : nil
      let split: UnlabelledSplit
      if let labelled { split = labelled.samples } else { split = try dataset.unlabelled(name) }
      splits.append(split)
      try dataset.checkUnique(split)
      for (index, modality) in dataset.description.modalities.enumerated() {
        rows.append(Self.row(split, index, modality))
      }
      let task = dataset.description.task
      if let labelled, let names = task.targets {
        targets += Self.spread(labelled.target, names, split: name)
      } else {
        labels.append(LabelRow(split: name, counts: labelled.map { Self.counts($0.target, task) }))
      }
    }
    try dataset.checkDisjoint(splits)
    (modalities, self.labels, self.targets) = (rows, labels, targets)
  }

  /// Refuses a training split in which a modality is missing from every sample, because no model can learn from it.
  /// - Throws: `Fault(.badData)` with the modality.
  public func checkTraining(folder: String) throws(Fault) {
    guard let row = modalities.first(where: { $0.split == "train" && $0.isAbsent }) else { return }
    throw Fault(
      .badData, "a modality is missing from every training sample", file: folder, key: "modalities.\(row.modality)",
      found: "no number of \(row.modality) in \(row.samples) samples", expected: "at least one sample that has it",
      remedy: "remove the modality from dataset.json and from the files, or convert without it")
  }

  private static func row(_ split: UnlabelledSplit, _ index: Int, _ modality: Modality) -> ModalityRow {
    let present = split.stored.isPresent(index)?.to(.float64).mean().item ?? 1
    let lengths = split.stored.lengths[index]?.to(.float64).mean().item
    var row = ModalityRow(
      split: split.name, modality: modality.name,
      form: "\(modality.kind.rawValue) \(modality.sampleShape.map(String.init).joined(separator: "×"))",
      samples: split.count, missing: 1 - present,
      meanLength: modality.hasSteps ? lengths ?? Double(modality.steps) : nil, missingCells: 0,
      isAbsent: present == 0, mean: .nan, deviation: .nan)
    if modality.kind.raw == nil { row.takeMoments(of: split, index) }
    return row
  }

  private static func spread(_ target: Tensor, _ names: [String], split: String) -> [TargetRow] {
    let values = target.to(.float64)
    let (means, deviations) = (values.mean(0).doubles, values.variance(0).sqrt().doubles)
    let (smallest, largest) = (values.minimum(0).doubles, values.maximum(0).doubles)
    return names.enumerated().map { place, name in
      TargetRow(
        split: split, target: name, mean: means[place], deviation: deviations[place], smallest: smallest[place],
        largest: largest[place])
    }
  }

  private static func counts(_ target: Tensor, _ task: PredictionTask) -> [(label: String, count: Int)] {
    if task.kind == .multilabel, let names = task.outputNames {
      return zip(names, target.to(.float64).sum(0).doubles).map { ($0, Int($1)) }
    }
    let values = task.kind == .regression ? target.rounded().to(.int64).integers : target.integers
    let counts = Dictionary(values.map { ($0, 1) }, uniquingKeysWith: +)
    return counts.keys.sorted().map { key in
      let named = task.kind != .regression ? task.labels.flatMap { $0.indices.contains(key) ? $0[key] : nil } : nil
      return (named ?? String(key), counts[key]!)
    }
  }
}

extension DatasetInspection.ModalityRow {
  /// Counts missing cells and computes mean and deviation. Absent samples and missing cells have no part in both.
  fileprivate mutating func takeMoments(of split: UnlabelledSplit, _ index: Int) {
    let all = split.stored.modalities[index].to(.float64)
    var isCell = .!all.isMissingCell
    if let present = split.stored.isPresent(index) {
      isCell = isCell .& (present .> 0).reshaped(to: [split.count] + Array(repeating: 1, count: all.rank - 1))
    }
    let x = all.filled(0, where: .!isCell)
    let share = max(isCell.to(.float64).mean().item, 1e-12)
    mean = x.mean().item / share
    let deviations = (x - mean).squared().filled(0, where: .!isCell)
    deviation = (deviations.mean().item / share).squareRoot()
    let cells = Int(isCell.to(.int64).sum().item)
    missingCells = Int(((1 - missing) * Double(all.count)).rounded()) - cells
    isAbsent = cells == 0
  }
}
