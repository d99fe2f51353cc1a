import Foundation
import Torch

/// An opened data set folder.
///
/// The initialiser checks the description. Each split is read and checked when a caller requests it.
///
/// ```swift
/// let data = try Dataset("gestures")
/// let training = try data.labelled("train")
/// let target = try data.unlabelled("test")
/// try data.checkDisjoint([training.samples, target])
/// ```
public final class Dataset {
  /// True to check the files of splits again, also those that were checked before. The option `--verify` sets it.
  ///
  /// A large file is checked once, and a stamp beside it remembers the findings until its size, times or inode change.
  @TaskLocal public static var checksAnew = false

  /// The folder.
  public let folder: String
  /// The content of its `dataset.json`.
  public let description: DatasetDescription
  /// The modalities in the order of the files' `presence`.
  let fileOrder: [Modality]
  /// The numbers for missing cells of modalities whose model knows none, by name.
  let cellFill: [String: [Float]]

  /// Opens a folder.
  /// - Throws: `Fault(.missingInput)` without `dataset.json`, `Fault(.badData)` if its description is inconsistent.
  public init(_ folder: String) throws(Fault) {
    self.folder = folder
    let path = folder + "/dataset.json"
    description = try JSONFile.read(
      DatasetDescription.self, from: path,
      remedy: "name a folder with dataset.json, or make one with «polyphony data synthesize»")
    try description.validate(file: path)
    fileOrder = description.modalities
    cellFill = [:]
  }

  /// The same folder with its modalities in another order, and with numbers for missing cells.
  init(_ other: Dataset, order: [String], cellFill: [String: [Float]] = [:]) {
    (folder, self.cellFill) = (other.folder, cellFill)
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

  /// Reads a split without its targets, for prediction and adaptation.
  /// - Throws: `Fault(.badData)` for any error in its file.
  public func unlabelled(_ split: String) throws(Fault) -> UnlabelledSplit {
    try SplitReader(dataset: self, split).unlabelled()
  }

  /// Reads a split with its targets.
  /// - Throws: `Fault(.badData)` for any error in its file, and for a file without targets.
  public func labelled(_ split: String) throws(Fault) -> LabelledSplit {
    try SplitReader(dataset: self, split).labelled()
  }

  /// Returns true if a split has targets.
  /// - Throws: `Fault(.usage)` for an unknown split, and the faults of reading its file.
  public func hasTargets(_ split: String) throws(Fault) -> Bool {
    try SafetensorsFile(path: try file(of: split).path)["target"] != nil
  }

  /// Checks that no two splits hold a sample of the same `id`.
  /// - Throws: `Fault(.badData)` with the shared id.
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

  /// Checks that no `id` stands twice in a split.
  /// - Throws: `Fault(.badData)` with the split and the repeated id.
  public func checkUnique(_ split: UnlabelledSplit) throws(Fault) {
    guard let ids = split.ids else { return }
    var rows: [Int: Int] = [:]
    for (row, id) in ids.enumerated() {
      guard let first = rows.updateValue(row, forKey: id) else { continue }
      throw Fault(
        .badData, "two samples of a split have one id", file: folder, key: "\(split.name).id",
        found: "\(id) in samples \(first) and \(row); \(Set(ids).count) different ids in \(ids.count) samples",
        expected: "one id for each sample", remedy: "convert the data again without --id, or remove the copies")
    }
  }

  /// The SHA-256 of a split's file.
  /// - Throws: `Fault(.usage)` for an unknown split, `Fault(.missingInput)` for a file that cannot be read.
  func fileHash(of split: String) throws(Fault) -> String {
    let path = try file(of: split).path
    let stamp = SplitStamp(of: path)
    defer { stamp.save() }
    return try stamp.fileHash(path)
  }

  /// The path and the description of a split's file.
  func file(of split: String) throws(Fault) -> (path: String, split: DatasetDescription.Split) {
    guard let entry = description.splits[split] else {
      throw Fault(
        .usage, "the data set has no such split", file: folder, key: "split", found: split,
        expected: splitNames.joined(separator: ", "))
    }
    let path = folder + "/" + entry.file
    let place = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    let home = URL(fileURLWithPath: folder).resolvingSymlinksInPath().path
    guard place.hasPrefix(home == "/" ? home : home + "/") else {
      throw Fault(
        .badData, "the file of a split is a symbolic link out of the folder", file: path, key: "splits.\(split).file",
        found: place, expected: "a file in \(home)", remedy: "copy the file into the folder, or link the whole folder")
    }
    return (path, entry)
  }
}

/// Samples without targets, the only form of data that test-time adaptation receives.
///
/// ```swift
/// let target = try Dataset("gestures").unlabelled("test")
/// let inputs = target.rows([0, 5, 7])
/// let prediction = model.predict(target).prediction
/// ```
public struct UnlabelledSplit {
  /// The split's name.
  public let name: String
  /// The inputs of all samples in the types of their file, which may be f16 or bf16.
  let stored: Inputs
  /// The file of the samples; nil for samples in memory.
  let source: SplitSource?
  /// The number of real steps of each modality and sample; nil if all steps are real.
  let lengths: [[Int]?]
  /// The samples' identifiers; nil if the file has none.
  public let ids: [Int]?
  /// The volumes that the samples are slices of; nil for samples from no volume.
  public let volumes: VolumeSlices?

  /// Makes a split from samples in memory.
  public init(name: String, inputs: Inputs, ids: [Int]? = nil, volumes: VolumeSlices? = nil) {
    self.init(name: name, inputs: inputs, lengths: inputs.lengths.map { $0?.integers }, ids: ids, volumes: volumes)
  }

  init(
    name: String, inputs: Inputs, lengths: [[Int]?], ids: [Int]?, volumes: VolumeSlices?, source: SplitSource? = nil
  ) {
    (self.name, stored, self.lengths, self.ids, self.volumes) = (name, inputs, lengths, ids, volumes)
    self.source = source
  }

  /// The inputs of all samples. Those that a file holds as f16 or bf16 become f32 with each call.
  public var inputs: Inputs { stored.widened }

  /// The number of samples.
  public var count: Int { stored.count }

  /// Some samples, in the order of `indices`.
  ///
  /// A modality loses its mask if all chosen samples have full length, because a model computes faster without one.
  public func rows(_ indices: [Int]) -> Inputs {
    var rows = stored.rows(Tensor(indices)).widened
    source?.didRead(indices.count)
    for (modality, lengths) in lengths.enumerated() {
      guard let lengths, let full = stored.modalities[modality].shape.dropFirst().first else { continue }
      if indices.allSatisfy({ lengths[$0] == full }) { rows.lengths[modality] = nil }
    }
    return rows
  }
}

/// Samples with their targets.
///
/// ```swift
/// let training = try Dataset("gestures").labelled("train")
/// let batch = training.batch([0, 5, 7])
/// let fewShots = try training.subsampled(perClass: 4, seed: 0)
/// ```
public struct LabelledSplit {
  /// The samples.
  public let samples: UnlabelledSplit
  /// `[N, K]` f32 (K targets of a regression, or K labels), `[N]` i64 (classification) or `[N, H, W]` i64
  /// (segmentation).
  public let target: Tensor
  /// The facts about the file of the targets; nil for targets in memory.
  let targetStamp: SplitStamp?

  /// Makes a split from samples in memory.
  public init(samples: UnlabelledSplit, target: Tensor) { self.init(samples: samples, target: target, stamp: nil) }

  init(samples: UnlabelledSplit, target: Tensor, stamp: SplitStamp?) {
    (self.samples, self.target, targetStamp) = (samples, target, stamp)
  }

  /// The number of samples.
  public var count: Int { samples.count }

  /// The volumes that the samples are slices of; nil for samples from no volume.
  public var volumes: VolumeSlices? { samples.volumes }

  /// A batch of some samples, in the order of `indices`.
  public func batch(_ indices: [Int]) -> Batch { Batch(samples.rows(indices), target: target.rows(Tensor(indices))) }
}
