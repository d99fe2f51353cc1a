import Foundation
import Torch

/// A data set folder, opened: its description is checked at once, each split when it is asked for.
public final class Dataset {
  /// The folder.
  public let folder: String
  /// What it holds.
  public let description: DatasetDescription
  /// The modalities in the order of the files' `presence`.
  let fileOrder: [Modality]

  /// Opens a folder.
  /// - Throws: `Fault(.missingInput)` without `dataset.json`, `Fault(.badData)` where it makes no sense.
  public init(_ folder: String) throws(Fault) {
    self.folder = folder
    let path = folder + "/dataset.json"
    description = try JSONFile.read(
      DatasetDescription.self, from: path,
      remedy: "name a folder with dataset.json, or make one with «polyphony data synthesize»")
    try description.validate(file: path)
    fileOrder = description.modalities
  }

  /// The same folder with other modalities in front of the reader.
  init(_ other: Dataset, order: [String]) {
    folder = other.folder
    var description = other.description
    fileOrder = other.fileOrder
    description.modalities = order.compactMap { name in other.description.modalities.first { $0.name == name } }
    self.description = description
  }

  /// The names of the splits: train, valid and test first.
  public var splitNames: [String] {
    let usual = ["train", "valid", "test"]
    return usual.filter { description.splits[$0] != nil }
      + description.splits.keys.filter { !usual.contains($0) }.sorted()
  }

  /// A split without its targets, for prediction and adaptation.
  /// - Throws: `Fault(.badData)` for whatever is wrong in its file.
  public func unlabelled(_ split: String) throws(Fault) -> UnlabelledSplit {
    try SplitReader(dataset: self, split).unlabelled()
  }

  /// A split with its targets.
  /// - Throws: `Fault(.badData)` for whatever is wrong in its file, and where it has no targets.
  public func labelled(_ split: String) throws(Fault) -> LabelledSplit {
    try SplitReader(dataset: self, split).labelled()
  }

  /// Whether a split has targets.
  /// - Throws: `Fault(.usage)` for an unknown split, and what reading its file throws.
  public func hasTargets(_ split: String) throws(Fault) -> Bool {
    try SafetensorsFile(path: try file(of: split).path)["target"] != nil
  }

  /// Refuses two splits that hold a sample of the same `id`.
  public func checkDisjoint(_ splits: [UnlabelledSplit]) throws(Fault) {
    for (index, one) in splits.enumerated() {
      guard let ids = one.ids.map(Set.init) else { continue }
      for other in splits[(index + 1)...] {
        guard let shared = other.ids?.first(where: ids.contains) else { continue }
        throw Fault(
          .badData, "two splits share a sample", file: folder, key: "id",
          found: "\(shared) in \(one.name) and \(other.name)",
          expected: "every id in one split only", remedy: "remove it from one of them: scores would be too good")
      }
    }
  }

  /// The file of a split.
  func file(of split: String) throws(Fault) -> (path: String, split: DatasetDescription.Split) {
    guard let entry = description.splits[split] else {
      throw Fault(
        .usage, "the data set has no such split", file: folder, key: "split", found: split,
        expected: splitNames.joined(separator: ", "))
    }
    return (folder + "/" + entry.file, entry)
  }
}

/// Samples without targets: all that test-time adaptation can be given.
public struct UnlabelledSplit {
  /// The split's name.
  public let name: String
  /// All samples.
  public let inputs: Inputs
  /// Real steps of each modality and sample; nil where all are real.
  let lengths: [[Int]?]
  /// Identifiers, where the file has them.
  public let ids: [Int]?

  /// Samples in memory.
  public init(name: String, inputs: Inputs, ids: [Int]? = nil) {
    self.init(name: name, inputs: inputs, lengths: inputs.lengths.map { $0?.integers }, ids: ids)
  }

  init(name: String, inputs: Inputs, lengths: [[Int]?], ids: [Int]?) {
    (self.name, self.inputs, self.lengths, self.ids) = (name, inputs, lengths, ids)
  }

  /// The number of samples.
  public var count: Int { inputs.count }

  /// Some samples, in the order of `indices`.
  ///
  /// A modality whose chosen samples are all of full length loses its mask, so that the model need not look at it.
  public func rows(_ indices: [Int]) -> Inputs {
    var rows = inputs.rows(Tensor(indices))
    for (modality, lengths) in lengths.enumerated() {
      guard let lengths, let full = inputs.modalities[modality].shape.dropFirst().first else { continue }
      if indices.allSatisfy({ lengths[$0] == full }) { rows.lengths[modality] = nil }
    }
    return rows
  }
}

/// Samples with their targets.
public struct LabelledSplit {
  /// The samples.
  public let samples: UnlabelledSplit
  /// `[N, 1]` f32, `[N]` i64 or `[N, H, W]` i64.
  public let target: Tensor

  /// Samples in memory.
  public init(samples: UnlabelledSplit, target: Tensor) { (self.samples, self.target) = (samples, target) }

  /// The number of samples.
  public var count: Int { samples.count }

  /// Some samples, in the order of `indices`.
  public func batch(_ indices: [Int]) -> Batch { Batch(samples.rows(indices), target: target.rows(Tensor(indices))) }
}
