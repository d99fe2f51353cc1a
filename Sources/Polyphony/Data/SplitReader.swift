import Foundation
import Torch

/// Reads the file of one split and checks all of it against the description.
struct SplitReader {
  private let path: String
  private let name: String
  private let modalities: [Modality]
  /// The modalities that the file may hold, in the order of its `presence`.
  private let known: [Modality]
  private let task: PredictionTask
  private let file: SafetensorsFile
  private let count: Int
  /// The numbers for missing cells of modalities whose model knows none, by name.
  private let cellFill: [String: [Float]]
  /// The volumes whose slices are the samples; nil for samples from no volume.
  private let volumes: VolumeList?
  /// The findings of earlier checks of the file.
  private let stamp: SplitStamp

  /// Opens a split of a data set and compares the hash of its file with the description.
  init(dataset: Dataset, _ split: String) throws(Fault) {
    let entry = try dataset.file(of: split)
    let stamp = SplitStamp(of: entry.path)
    if let expected = entry.split.sha256 {
      let found = try stamp.fileHash(entry.path)
      guard found == expected.lowercased() else {
        throw Fault(
          .badData, "the file is not the one that dataset.json describes", file: entry.path,
          key: "splits.\(split).sha256", found: found, expected: expected,
          remedy: "restore the file, or update its hash if the change was meant")
      }
    }
    try self.init(
      entry.path, name: split, dataset.description.modalities, known: dataset.fileOrder,
      task: dataset.description.task, cellFill: dataset.cellFill, volumes: try VolumeList(folder: dataset.folder),
      stamp: stamp)
  }

  /// Opens a single file whose tensors have the names of modalities.
  init(
    _ path: String, name: String, _ modalities: [Modality], known: [Modality]? = nil, task: PredictionTask,
    cellFill: [String: [Float]] = [:], volumes: VolumeList? = nil, stamp: SplitStamp? = nil
  ) throws(Fault) {
    (self.path, self.name, self.modalities, self.task) = (path, name, modalities, task)
    (self.cellFill, self.volumes) = (cellFill, volumes)
    self.known = known ?? modalities
    self.stamp = stamp ?? SplitStamp(of: path, isKept: false)
    file = try SafetensorsFile(path: path)
    self.stamp.check(file)
    let first = modalities[0].name
    guard let entry = file[first] else {
      throw Fault(
        .badData, "the file lacks a modality", file: path, key: first,
        found: file.entries.map(\.name).joined(separator: ", "),
        expected: modalities.map(\.name).joined(separator: ", "))
    }
    count = entry.shape.first ?? 0
    guard count > 0 else {
      throw Fault(
        .badData, "the split is empty", file: path, key: first, found: "\(entry.shape)", expected: "1 sample or more")
    }
    try checkNames()
  }

  func unlabelled() throws(Fault) -> UnlabelledSplit {
    var tensors: [Tensor] = []
    var lengths: [[Int]?] = []
    let presence = try readPresence()
    for (index, modality) in modalities.enumerated() {
      tensors.append(try values(of: modality))
      lengths.append(try readLengths(modality, presence: presence?.select(1, index)))
    }
    let inputs = Inputs(tensors, lengths: lengths.map { $0.map { Tensor($0) } }, presence: presence)
    var ids: [Int]?
    if file["id"] != nil { ids = try read("id", [count], [.i64], "one id per sample").integers }
    let volumes = try readVolumes()
    func split(_ inputs: Inputs, _ names: [String?]) -> UnlabelledSplit {
      let columns = modalities.map { modality in known.firstIndex { $0.name == modality.name } ?? 0 }
      let source = SplitSource(file, stamp, names: names, columns: columns)
      return UnlabelledSplit(name: name, inputs: inputs, lengths: lengths, ids: ids, volumes: volumes, source: source)
    }
    let samples = split(inputs, modalities.map(\.name))
    for index in modalities.indices { try checkFinite(samples, index) }
    stamp.save()
    guard !cellFill.isEmpty else { return samples }
    return split(fillingCells(inputs), modalities.map { cellFill[$0.name] == nil ? $0.name : nil })
  }

  /// The inputs with the model's numbers in missing cells, for which it has no mean of its own.
  private func fillingCells(_ inputs: Inputs) -> Inputs {
    var inputs = inputs
    for (index, modality) in modalities.enumerated() {
      guard let fill = cellFill[modality.name] else { continue }
      inputs.modalities[index] = inputs.modalities[index].to(.float32).fillingMissingCells(fill, modality.kind)
    }
    return inputs
  }

  /// The volumes of the samples. It is nil if the file does not say them, and in a data set whose modality has the name.
  private func readVolumes() throws(Fault) -> VolumeSlices? {
    guard file["volume"] != nil, !known.contains(where: { ["volume", "slice"].contains($0.name) }) else { return nil }
    let places = try read("volume", [count], [.i64], "the volume of each sample").integers
    let slices = try read("slice", [count], [.i64], "the place of each sample in its volume").integers
    var seen: Set<[Int]> = []
    for (row, (volume, slice)) in zip(places, slices).enumerated() {
      guard volume >= 0, volume < volumes?.volumes.count ?? .max else {
        throw Fault(
          .badData, "a sample is of an unknown volume", file: path, key: "volume", found: "\(volume) in sample \(row)",
          expected: "a place in \(VolumeList.fileName), which has \(volumes?.volumes.count ?? 0) volumes")
      }
      let extent = volumes.map { $0.volumes[volume].shape[$0.volumes[volume].axes[0]] } ?? Modality.largestSize
      guard (0..<extent).contains(slice), seen.insert([volume, slice]).inserted else {
        throw Fault(
          .badData, "a sample is no slice of its volume, or another sample is the same one", file: path, key: "slice",
          found: "\(slice) in sample \(row)", expected: "0 to \(extent - 1), each once in a volume")
      }
    }
    return VolumeSlices(volume: places, slice: slices, list: volumes)
  }

  /// The samples of a modality in the type of the file.
  private func values(of modality: Modality) throws(Fault) -> Tensor {
    let shape = [count] + modality.sampleShape
    let meaning = "dataset.json's form of this modality"
    if let raw = modality.kind.raw {
      let inputs = try read(modality.name, shape, [raw.type], meaning)
      try modality.checkRaw(inputs, file: path)
      return inputs
    }
    return try read(modality.name, shape, [.f32, .f16, .bf16], meaning)
  }

  func labelled() throws(Fault) -> LabelledSplit {
    guard file["target"] != nil else {
      throw Fault(
        .badData, "the split has no targets", file: path, key: "target",
        found: file.entries.map(\.name).joined(separator: ", "), remedy: "train and evaluate on a split with targets")
    }
    let samples = try unlabelled()
    let target = try readTarget(samples)
    stamp.save()
    return LabelledSplit(samples: samples, target: target, stamp: stamp)
  }

  private func readTarget(_ samples: UnlabelledSplit) throws(Fault) -> Tensor {
    switch task.kind {
    case .regression:
      let outputs = task.outputs
      let flat = outputs == 1 && file["target"]?.shape == [count]
      let meaning = task.targets == nil ? "[N] or [N, 1]" : "a column for each of \(outputs) targets"
      let target = try read("target", flat ? [count] : [count, outputs], [.f32, .f64, .f16], meaning).to(.float32)
      try checkTargets(target)
      if let range = task.range { try checkRange(target, range[0], range[1], "the range in dataset.json") }
      return target.reshaped(count, outputs)
    case .multilabel:
      let target = try read(
        "target", [count, task.outputs], [.f32, .u8], "0 or 1 in a column for each of \(task.outputs) labels"
      ).to(.float32)
      try checkTargets(target)
      try checkRange(target, 0, 1, "0 or 1 for each label")
      if let place = target.floats.firstIndex(where: { $0 != 0 && $0 != 1 }) {
        throw Fault(
          .badData, "a label is neither 0 nor 1", file: path, key: "target",
          found: "\(target.floats[place]) \(self.place(place))", expected: "0 or 1")
      }
      return target
    case .classification:
      let target = try read("target", [count], [.i64], "one class per sample")
      try checkRange(target, 0, Double((task.classes ?? 0) - 1), "a class")
      return target
    case .segmentation:
      let extent = modalities.first(where: \.isMapped)?.extent ?? []
      let target = try read("target", [count] + extent, [.i64], "one class per pixel")
      try checkRange(target, 0, Double((task.classes ?? 0) - 1), "a class")
      return target
    }
  }

  private func readPresence() throws(Fault) -> Tensor? {
    guard file["presence"] != nil else { return nil }
    let raw = try read(
      "presence", [count, known.count], SafetensorsType.allCases, "one row per sample, one column per modality")
    let numbers = raw.to(.float32).floats
    if let place = numbers.firstIndex(where: { $0 != 0 && $0 != 1 }) {
      throw Fault(
        .badData, "a sample has a modality or lacks it", file: path, key: "presence",
        found: "\(numbers[place]) in sample \(place / known.count)", expected: "0 or 1",
        remedy: "write 1 where the sample has the modality, and 0 where it lacks it")
    }
    let columns = modalities.compactMap { modality in known.firstIndex { $0.name == modality.name } }
    let presence = raw.to(.bool).rows(Tensor(columns), 1)
    let empty = presence.to(.int64).sum(1) .== 0
    if let row = empty.integers.firstIndex(of: 1) {
      throw Fault(
        .badData, "a sample has no modality at all", file: path, key: "presence", found: "row \(row) is all 0",
        expected: "at least one 1 in each row", remedy: "remove the sample")
    }
    return presence
  }

  /// The number of real steps per sample; nil if the file has no lengths, or if all steps are real.
  private func readLengths(_ modality: Modality, presence: Tensor?) throws(Fault) -> [Int]? {
    let key = "\(modality.name).length"
    guard file[key] != nil else { return nil }
    guard modality.hasSteps else {
      throw Fault(.badData, "only sequences have lengths", file: path, key: key, found: "a \(modality.kind.rawValue)")
    }
    let lengths = try read(key, [count], [.i64], "one length per sample").integers
    let present = presence?.integers
    for (row, length) in lengths.enumerated() {
      let smallest = present.map { $0[row] } == 0 ? 0 : 1
      guard (smallest...modality.steps).contains(length) else {
        throw Fault(
          .badData, "a length is out of range", file: path, key: key, found: "\(length) in sample \(row)",
          expected: "\(smallest) to \(modality.steps)")
      }
    }
    return lengths.allSatisfy { $0 == modality.steps } ? nil : lengths
  }

  private func read(
    _ key: String, _ shape: [Int], _ types: [SafetensorsType], _ meaning: String
  ) throws(Fault) -> Tensor {
    guard let entry = file[key] else {
      throw Fault(
        .badData, "the file lacks a tensor", file: path, key: key,
        found: file.entries.map(\.name).joined(separator: ", "), expected: meaning)
    }
    guard types.contains(entry.dtype) else {
      throw Fault(
        .badData, "a tensor has the wrong element type", file: path, key: key, found: entry.dtype.rawValue,
        expected: types.map(\.rawValue).joined(separator: " or "))
    }
    guard entry.shape == shape else {
      throw Fault(
        .badData, "a tensor has the wrong shape", file: path, key: key, found: "\(entry.shape)",
        expected: "\(shape): \(meaning)")
    }
    return try file.mapped(key)
  }

  private func checkNames() throws(Fault) {
    let known = Set(
      self.known.flatMap { [$0.name, $0.name + ".length"] } + ["presence", "target", "id", "volume", "slice"])
    for entry in file.entries where !known.contains(entry.name) {
      throw Fault(
        .badData, "the file holds a tensor that dataset.json does not mention", file: path, key: entry.name,
        expected: known.sorted().joined(separator: ", "), remedy: "rename or remove the tensor")
    }
  }

  /// Refuses features that are no finite numbers, with the first of them and its sample.
  private func checkFinite(_ samples: UnlabelledSplit, _ index: Int) throws(Fault) {
    let modality = modalities[index]
    let allowsCells = modality.missingCells != nil
    guard modality.kind.raw == nil,
      !(allowsCells ? samples.isFiniteExceptMissingCells(index) : samples.isFinite(index))
    else { return }
    for block in samples.blocks(index) {
      let numbers = samples.stored.modalities[index][block].floats
      guard let place = numbers.firstIndex(where: { !$0.isFinite && !(allowsCells && $0.isNaN) }) else { continue }
      let row = block.lowerBound + place / max(1, numbers.count / block.count)
      throw notFinite(numbers[place], modality.name, row: row, isFeature: true)
    }
  }

  private func notFinite(_ number: Float, _ key: String, row: Int, isFeature: Bool) -> Fault {
    Fault(
      .badData, "a value is not a finite number", file: path, key: key, found: "\(number) in sample \(row)",
      expected: "finite numbers",
      remedy: isFeature && number.isNaN
        ? "if NaN marks a missing cell, write \"missing_cells\": \"mean\" beside the modality's name in dataset.json"
        : "replace it before training, for example by 0")
  }

  /// Refuses targets that are no finite numbers, with the name of the target and the sample.
  private func checkTargets(_ target: Tensor) throws(Fault) {
    guard !target.isFinite else { return }
    let index = target.floats.firstIndex { !$0.isFinite } ?? 0
    guard task.outputNames != nil else {
      throw notFinite(target.floats[index], "target", row: index / max(1, target.count / count), isFeature: false)
    }
    throw Fault(
      .badData, "a target is not a finite number", file: path, key: "target",
      found: "\(target.floats[index]) \(place(index))", expected: "a finite number for every target",
      remedy: "remove the sample, or the target from all samples")
  }

  /// The place of an element of `[N, K]` targets in words.
  private func place(_ index: Int) -> String {
    "for \(task.outputNames?[index % task.outputs] ?? "") in sample \(index / task.outputs)"
  }

  private func checkRange(
    _ target: Tensor, _ low: Double, _ high: Double, _ meaning: String
  ) throws(Fault) {
    let range = stamp.fact("target", \.range) { [target.minimum().item, target.maximum().item] }
    let (smallest, largest) = (range[0], range[1])
    guard smallest < low || largest > high else { return }
    throw Fault(
      .badData, "a value is out of range", file: path, key: "target", found: "\(smallest < low ? smallest : largest)",
      expected: "\(low) to \(high): \(meaning)", remedy: "correct the value, or the range in dataset.json")
  }
}
