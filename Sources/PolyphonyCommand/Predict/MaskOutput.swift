import Foundation
import Polyphony
import PolyphonyConversion
import Torch

/// The masks that `polyphony predict` writes: one NIfTI file, or a folder with a file for each volume.
struct MaskOutput {
  /// A folder of predicted masks: `masks.json` and the files that it lists.
  static let folderKind = FolderKind("predicted masks", mark: "masks.json") { folder in
    guard let data = FileManager.default.contents(atPath: "\(folder)/masks.json"),
      let document = try? OrderedJSON(parsing: String(decoding: data, as: UTF8.self)),
      case .array(let names)? = document["masks"]
    else { return [] }
    return Set(names.compactMap { if case .string(let name) = $0, !name.contains("/") { name } else { nil } })
  }

  /// The path of the file or folder.
  let path: String
  /// True for a folder.
  let isFolder: Bool

  /// Recognises an output for masks: a file that ends like a volume, or a path without ending if the input is volumes.
  /// - Throws: `Fault(.cannotWrite)` for a place that takes no output.
  init?(_ path: String?, data: String?, inputs: [String]) throws(Fault) {
    guard let path else { return nil }
    let isVolumes =
      data.map { FileManager.default.fileExists(atPath: "\($0)/volumes.json") || VolumesToPredict.isFolder($0) }
      ?? Self.areVolumes(inputs)
    isFolder = !PredictedMask.isFile(path)
    guard !isFolder || isVolumes && (path as NSString).pathExtension.isEmpty else { return nil }
    self.path = path
    if isFolder {
      try AtomicFolder.check(path, replacing: Self.folderKind)
    } else {
      try AtomicFile.check(path)
    }
  }

  /// The output of a prediction that the program proposes: masks for volumes, maps for other pictures, else a table.
  static func usualOutput(_ description: DatasetDescription?) -> String {
    guard let description, description.task.kind == .segmentation else { return "predictions.csv" }
    return description.modalities.contains { $0.slices != nil } ? "masks" : "predictions.safetensors"
  }

  /// True if the inputs of `--input NAME=FILE` are volumes.
  static func areVolumes(_ inputs: [String]) -> Bool {
    inputs.contains { PredictedMask.isFile($0.split(separator: "=", maxSplits: 1).last.map(String.init) ?? "") }
  }

  /// Predicts all volumes of some samples, one after another, and writes their masks.
  /// - Returns: the number of masks.
  /// - Throws: `Fault(.usage)` for several volumes and one file, `Fault(.badData)` for samples of no volumes,
  ///   `Fault(.cannotWrite)`.
  func write(
    _ samples: UnlabelledSplit, source: String, _ predict: (UnlabelledSplit) throws -> Tensor
  ) throws -> Int {
    guard let volumes = samples.volumes, let list = volumes.list else {
      throw Fault(
        .badData, "the samples are no slices of volumes, so there is no place for a mask", file: source,
        key: "volumes.json", expected: "data that `polyphony data convert` made of volumes",
        remedy: "write the maps: --output predictions.safetensors")
    }
    let groups = volumes.groups
    guard isFolder || groups.count == 1 else {
      throw Fault(
        .usage, "there are several volumes, and one file", key: "--output", found: path,
        expected: "a folder for \(groups.count) masks",
        remedy: "name a folder: --output masks")
    }
    func mask(_ group: VolumeSlices.Group) throws -> PredictedMask {
      let prediction = try predict(samples.subset(group.rows))
      let classes = prediction.argmax(1)
      var mask = PredictedMask(
        list.volumes[group.volume], size: Array(prediction.shape.suffix(2)), labels: list.labels)
      for (row, slice) in group.slices.enumerated() {
        guard classes.rank == 4 else {
          mask.put(classes[row].integers, slice: slice)
          continue
        }
        // Behind the last slice of a sample all images are 0.
        for depth in samples.occupiedSlices(group.rows[row]) {
          mask.put(classes[row][depth].integers, slice: slice + list.volumes[group.volume].step * depth)
        }
      }
      return mask
    }
    guard isFolder else {
      try mask(groups[0]).write(to: path)
      return 1
    }
    try AtomicFolder.write(to: path, replacing: Self.folderKind) { (folder) throws(Fault) in
      var names: [OrderedJSON] = []
      for group in groups {
        let name = "\(list.volumes[group.volume].name).nii.gz"
        let made = Result { try mask(group) }.mapError { error in
          error as? Fault ?? Fault(.failure, "a mask cannot be predicted: \(error)", key: name)
        }
        try made.get().write(to: "\(folder)/\(name)")
        names.append(.string(name))
      }
      let document: OrderedJSON = ["masks": .array(names)]
      try AtomicFile.write(document.text() + "\n", to: "\(folder)/masks.json")
    }
    return groups.count
  }
}
