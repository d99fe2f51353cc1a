import Foundation
import Polyphony

/// Volumes for a model that was trained on volumes: those of one patient, or a folder of patients.
///
/// The model's configuration says how pictures are made of them.
package struct VolumesToPredict {
  /// The split of the data set with all slices.
  package static let split = "volumes"

  private let files: [PatientFiles]
  private let configuration: ModelConfiguration
  private let contrasts: [(modality: String, key: String)]

  /// True for a folder that holds volumes and no data set.
  package static func isFolder(_ path: String) -> Bool {
    PatientFiles.isFolder(path) && !FileManager.default.fileExists(atPath: "\(path)/dataset.json")
      && PatientFiles.isFolderOfVolumes(path)
  }

  /// Finds the files of the model's modalities.
  /// - Parameter inputs: a folder of patients, or `NAME=FILE` for each modality of one patient.
  /// - Throws: `Fault(.badData)` for a model that was not trained on volumes, `Fault(.usage)` for a file of no modality of
  ///   the model, and the faults of files.
  package init(_ inputs: [String], for configuration: ModelConfiguration) throws(Fault) {
    self.configuration = configuration
    let parsed = try InputFile.parse(inputs)
    let modalities = configuration.inputModalities
    for modality in modalities where modality.slices == nil {
      throw Fault(
        .badData, "the model was not trained on volumes, so it does not know how to make pictures of them",
        file: parsed[0].path, key: modality.name, found: "pictures from elsewhere",
        expected: "a model whose data `polyphony data convert` made of volumes",
        remedy: "make a data set of the volumes as that of the training was made, and name its folder: --data FOLDER")
    }
    let names = modalities.map(\.name)
    if let unknown = parsed.compactMap(\.modality).first(where: { !names.contains($0) }) {
      throw Fault(
        .usage, "the model has no such modality", key: "--input", found: unknown,
        expected: names.joined(separator: ", "), remedy: Suggestion.question(for: unknown, among: names))
    }
    files = try PatientFiles.all(parsed)
    let known = files.reduce(into: Set<String>()) { $0.formUnion($1.paths.keys) }
    contrasts = modalities.compactMap { modality in
      let keys = [modality.name, modality.slices?.contrast ?? modality.name]
      return keys.first(where: known.contains).map { (modality.name, $0) }
    }
    guard !contrasts.isEmpty else {
      throw Fault(
        .badData, "the volumes have no contrast of the model", file: parsed[0].path,
        found: known.sorted().joined(separator: ", "),
        expected: modalities.compactMap(\.slices?.contrast).joined(separator: ", "))
    }
  }

  /// Writes a data set with one split, named ``split``.
  /// - Returns: Sentences about the volumes.
  /// - Throws: `Fault(.badData)` for volumes that are broken or do not fit each other, `Fault(.cannotWrite)`.
  package func write(to folder: String) throws(Fault) -> [String] {
    var set = try VolumeSet(files, contrasts: contrasts, mask: nil) { _ in }
    let parts = set.patients.indices.map { VolumeSplits.Part(patient: $0, slices: set.patients[$0].slices) }
    if configuration.inputModalities.contains(where: { $0.kind == .volume }) { set.joinSlices(of: parts) }
    var description = DatasetDescription(
      name: folder.lastPart, task: configuration.task, modalities: set.modalities,
      splits: [Self.split: .init(file: "\(Self.split).safetensors")])
    let list = VolumeList(set.patients.map(\.volume), labels: MaskLabels.labels(of: configuration.task))
    let file = VolumeSplitFile(set: set, parts: parts, labels: nil, firstID: 0)
    try VolumeConversion.write([(Self.split, file)], list, &description, to: folder) { _, _ in }
    return set.notes + spacingNotes(set)
  }

  /// Sentences about volumes whose spacing is another one than that of the training.
  private func spacingNotes(_ set: VolumeSet) -> [String] {
    guard let expected = configuration.inputModalities.first?.slices?.spacing,
      let other = set.patients(withSpacingOtherThan: expected).first
    else { return [] }
    return [
      "warning: the model was trained on slices of \(VolumeSet.text(expected)) mm, and \(other.files.name) has "
        + "\(VolumeSet.text(other.volume.pictureSpacing)) mm. Resample it for better masks"
    ]
  }
}
