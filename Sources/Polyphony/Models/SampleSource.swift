import Foundation
import Torch

/// Samples for a prediction, from a data set folder or from a single file.
///
/// A modality that the source leaves out is missing from every sample if the model can miss it.
package struct SampleSource {
  /// The samples, with all modalities of the model.
  package let samples: UnlabelledSplit
  /// The targets. They are nil if the source has none, or if nobody asked for them.
  package let target: Tensor?
  /// The texts behind the ids. They are nil if the source has none.
  package let names: [String]?
  /// The names of the classes in the data. They are nil if the data does not name them.
  package let labels: [String]?

  /// Reads a source.
  /// - Parameters:
  ///   - path: a data set folder, or a safetensors file with a tensor per modality.
  ///   - split: the split of a folder.
  ///   - model: the model that will predict.
  ///   - wantsTargets: true to read targets, if there are any.
  /// - Throws: `Fault` for errors in the data, and for a modality that is left out though the model needs it.
  package init(_ path: String, split: String, for model: MultimodalModel, wantsTargets: Bool) throws(Fault) {
    var isFolder: ObjCBool = false
    let isFile = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
    let configuration = model.configuration
    let reader: SplitReader
    let given: [Modality]
    var targets = wantsTargets
    if isFile {
      let file = try Self.file(path, configuration)
      try model.checkModalities(file.entries.map(\.name), in: path)
      let known = configuration.inputModalities
      given = known.filter { file[$0.name] != nil }.map { $0.sized(like: file[$0.name]?.shape ?? []) }
      try given.checkExtents(file: path)
      reader = try SplitReader(path, name: "input", given, known: known, task: configuration.task)
      if targets { targets = file["target"] != nil }
      (names, labels) = (nil, nil)
    } else {
      let dataset = try model.fitted(try Dataset(path))
      given = dataset.description.modalities
      reader = try SplitReader(dataset: dataset, split)
      if targets { targets = try dataset.hasTargets(split) }
      (names, labels) = (try dataset.sampleNames(), dataset.description.task.labels)
    }
    let labelled = targets ? try reader.labelled() : nil
    let read: UnlabelledSplit
    if let labelled { read = labelled.samples } else { read = try reader.unlabelled() }
    try read.checkPresence(given, file: path, modelHandlesMissing: model.handlesMissingModalities)
    samples = read.completed(from: given, to: configuration.inputModalities)
    target = labelled?.target
  }

  /// Opens a single file.
  /// - Throws: `Fault(.badData)` for a damaged file, and for a file of another kind, which needs a conversion.
  private static func file(_ path: String, _ configuration: ModelConfiguration) throws(Fault) -> SafetensorsFile {
    do {
      return try SafetensorsFile(path: path)
    } catch {
      let kind = (path as NSString).pathExtension.lowercased()
      guard error.kind == .badData, !["", "safetensors"].contains(kind) else { throw error }
      throw Fault(
        .badData, "a file of this kind cannot be predicted", file: path, found: ".\(kind)",
        expected:
          "a data set folder, or a safetensors file with \(configuration.modalities.map(\.name).joined(separator: ", "))",
        remedy: "make a data set of it with `polyphony data convert`, and name its folder")
    }
  }
}

extension MultimodalModel {
  /// Returns true if a sample may come without a modality.
  package func canMiss(_ modality: Modality) -> Bool {
    handlesMissingModalities || configuration.only.map { !$0.contains(modality.name) } ?? false
  }

  /// The data set as the model needs it. It may lack modalities that the model can miss.
  /// - Throws: `Fault(.badData)` for data of another form, and for a modality that is left out though the model needs it.
  package func fitted(_ dataset: Dataset) throws(Fault) -> Dataset {
    try checkModalities(dataset.description.modalities.map(\.name), in: dataset.folder)
    return try dataset.fitted(to: configuration, mayLack: canMiss)
  }

  /// A split of a fitted data set, in which a modality that the data lacks is missing from every sample.
  /// - Throws: `Fault(.badData)` for a modality that the data has and no sample, unless the model can miss it.
  package func completed(_ split: LabelledSplit, of dataset: Dataset) throws(Fault) -> LabelledSplit {
    let given = dataset.description.modalities
    try split.samples.checkPresence(given, file: dataset.folder, modelHandlesMissing: handlesMissingModalities)
    return LabelledSplit(
      samples: split.samples.completed(from: given, to: configuration.inputModalities), target: split.target)
  }

  /// Checks that a source has all modalities that the model needs, and one at least.
  func checkModalities(_ found: [String], in path: String) throws(Fault) {
    let all = configuration.modalities
    let absent = all.filter { !found.contains($0.name) }
    guard absent.count < all.count else {
      throw Fault(
        .badData, "the data has no modality of the model", file: path, found: found.joined(separator: ", "),
        expected: all.map(\.name).joined(separator: ", "))
    }
    try checkCanMiss(absent, .badData, file: path)
  }

  /// Refuses samples without some modalities if the model needs one of them.
  /// - Throws: `Fault` of the given kind, with the remedy.
  package func checkCanMiss(
    _ absent: [Modality], _ kind: Fault.Kind, file: String? = nil, key: String? = nil
  ) throws(Fault) {
    guard let needed = absent.first(where: { !canMiss($0) }) else { return }
    throw Fault(
      kind, "a modality is left out, and the model cannot do without it", file: file, key: key ?? needed.name,
      found: "no \(needed.name)", expected: configuration.modalities.map(\.name).joined(separator: ", "),
      remedy: "give \(needed.name), or an --adapter for missing modalities: "
        + "polyphony tune --method prompts --missing sample:0.5")
  }
}

extension UnlabelledSplit {
  /// The same samples with further modalities, which are zero and missing in every sample.
  package func completed(from given: [Modality], to all: [Modality]) -> UnlabelledSplit {
    let places = all.map { modality in given.firstIndex { $0.name == modality.name } }
    guard places.contains(nil) else { return self }
    let before = inputs.presence?.integers
    let presence = (0..<count).flatMap { row in
      places.map { place in
        guard let place else { return false }
        return before.map { $0[row * given.count + place] != 0 } ?? true
      }
    }
    // Images may have another size than the model's, and all of them have one.
    let image = given.firstIndex(where: \.isMapped).map { inputs.modalities[$0].shape } ?? []
    let tensors = zip(places, all).map { place, modality in
      place.map { inputs.modalities[$0] } ?? modality.sized(like: image).zeros(count)
    }
    let lengths = places.map { place in place.flatMap { self.lengths[$0] } }
    let completed = Inputs(
      tensors, lengths: lengths.map { $0.map { Tensor($0) } }, presence: Tensor(presence, shape: [count, all.count]))
    return UnlabelledSplit(name: name, inputs: completed, lengths: lengths, ids: ids, volumes: volumes)
  }
}
