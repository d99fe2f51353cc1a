import Foundation
import Torch

/// Writes a data set folder: one file per split, then `dataset.json` with their hashes.
///
/// ```swift
/// let train = DatasetWriter.Split("train", inputs, target: target, ids: Array(0..<inputs.count))
/// try DatasetWriter.write(description, [train], to: "gestures")
/// ```
public enum DatasetWriter {
  /// One split to write.
  public struct Split {
    /// Its name: `train`, `valid` or `test`.
    public var name: String
    /// The samples.
    public var inputs: Inputs
    /// Their targets; nil if they are unknown.
    public var target: Tensor?
    /// Their identifiers; nil if they have none.
    public var ids: [Int]?
    /// The volumes that they are slices of; nil for samples from no volume. All splits share one list of volumes.
    public var volumes: VolumeSlices?

    /// Makes a split.
    public init(
      _ name: String, _ inputs: Inputs, target: Tensor? = nil, ids: [Int]? = nil, volumes: VolumeSlices? = nil
    ) {
      (self.name, self.inputs, self.target, self.ids, self.volumes) = (name, inputs, target, ids, volumes)
    }
  }

  /// Makes or replaces the folder at a path as one atomic step.
  /// - Throws: `Fault(.cannotWrite)`, also for a folder that holds something else than a data set. The previous content
  ///   then stays.
  public static func write(_ description: DatasetDescription, _ splits: [Split], to path: String) throws(Fault) {
    try AtomicFolder.write(to: path, replacing: .dataset) { (folder) throws(Fault) in
      var description = description
      description.splits = [:]
      for split in splits {
        let file = "\(split.name).safetensors"
        try SafetensorsWriter.write(to: "\(folder)/\(file)", items(split, description.modalities))
        description.splits[split.name] = .init(file: file, sha256: try FileHash.sha256(of: "\(folder)/\(file)"))
      }
      if let list = splits.lazy.compactMap({ $0.volumes?.list }).first { try list.write(to: folder) }
      try JSONFile.write(description, to: "\(folder)/dataset.json")
    }
  }

  /// The tensors of a split with their names, those with wide elements first so that all of them lie aligned.
  static func items(_ split: Split, _ modalities: [Modality]) -> [SafetensorsWriter.Item] {
    var items: [SafetensorsWriter.Item] = []
    if let ids = split.ids { items.append(.init("id", Tensor(ids))) }
    if let volumes = split.volumes {
      items += [.init("volume", Tensor(volumes.volume)), .init("slice", Tensor(volumes.slice))]
    }
    for (modality, lengths) in zip(modalities, split.inputs.lengths) {
      if let lengths { items.append(.init("\(modality.name).length", lengths.to(.int64))) }
    }
    if let target = split.target { items.append(.init("target", target)) }
    for (modality, tensor) in zip(modalities, split.inputs.modalities) { items.append(.init(modality.name, tensor)) }
    if let presence = split.inputs.presence { items.append(.init("presence", presence.to(.uint8))) }
    return items
  }
}
