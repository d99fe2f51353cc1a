import Foundation
import Polyphony

/// The files of one patient: a volume for each contrast, and the mask.
struct PatientFiles: Equatable {
  /// The name of the patient, such as `BraTS-GLI-00000-000`.
  var name: String
  /// The split that the user has chosen. It is nil if the conversion decides.
  var split: String?
  /// The paths by the names of contrasts, with the mask among them.
  var paths: [String: String]

  /// The person behind the name, of whom there may be several sessions: `BraTS-GLI-00000`, or BIDS' `sub-01`.
  var subject: String {
    if let found = name.firstMatch(of: #/^(sub-[A-Za-z0-9]+)_/#) ?? name.firstMatch(of: #/^(BraTS-.+-\d{5})-\d{3}$/#) {
      return String(found.1)
    }
    return name
  }

  /// Finds the patients of all inputs.
  ///
  /// A folder holds files `PATIENT-CONTRAST.nii.gz` or `PATIENT_CONTRAST.nii.gz`, in folders of any names. A file of a
  /// folder without such a separator belongs to the patient of the folder's name. Files that are named by the options
  /// belong to one patient a split.
  /// - Throws: `Fault(.missingInput)` for an absent file, `Fault(.badData)` for a folder without volumes and for a patient
  ///   who has two files of one contrast, `Fault(.usage)` for a file without a name.
  static func all(_ inputs: [InputFile]) throws(Fault) -> [PatientFiles] {
    var patients: [PatientFiles] = []
    for input in inputs {
      if isFolder(input.path) {
        guard input.modality == nil else {
          throw Fault(
            .usage, "a folder holds all contrasts of its patients", file: input.path, key: "--input",
            found: input.name, expected: "FOLDER, train=FOLDER, or \(input.name)=FILE")
        }
        patients += try inFolder(input)
        continue
      }
      guard let contrast = input.modality else {
        throw Fault(
          .usage, "a volume needs the name of its contrast", file: input.path, key: "--input",
          found: input.path.lastPart, expected: "NAME=FILE, such as flair=\(input.path.lastPart)")
      }
      if let place = patients.firstIndex(where: { $0.split == input.split }) {
        patients[place].paths[contrast] = input.path
      } else {
        patients.append(.init(name: "", split: input.split, paths: [contrast: input.path]))
      }
    }
    for index in patients.indices where patients[index].name.isEmpty {
      patients[index].name = commonName(patients[index].paths.values.map(NIfTIFile.stem))
    }
    try checkNames(patients)
    return patients
  }

  /// True for a folder.
  static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  /// True if a folder holds volumes.
  static func isFolderOfVolumes(_ path: String) -> Bool { isFolder(path) && !volumes(in: path).isEmpty }

  /// The volumes of a folder and of the folders in it, by their relative paths.
  private static func volumes(in folder: String) -> [String] {
    let paths = (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []
    return paths.filter { NIfTIFile.isOne($0) && !$0.lastPart.hasPrefix(".") }.sorted()
  }

  private static func inFolder(_ input: InputFile) throws(Fault) -> [PatientFiles] {
    let files = volumes(in: input.path)
    guard !files.isEmpty else {
      throw Fault(
        .badData, "the folder holds no volumes", file: input.path, key: "--input",
        expected: "files PATIENT-CONTRAST.nii.gz, such as P1/P1-t1c.nii.gz and P1/P1-seg.nii.gz")
    }
    var patients: [PatientFiles] = []
    var places: [String: Int] = [:]
    for file in files {
      let (stem, folder) = (NIfTIFile.stem(file), file.parentFolder)
      let cut = stem.lastIndex { "-_".contains($0) }
      let contrast = String(cut.map { stem[stem.index(after: $0)...] } ?? stem[...]).lowercased()
      let name = cut.map { String(stem[..<$0]) } ?? (folder == "." ? input.path : folder).lastPart
      let key = "\(folder)/\(name)"
      let path = "\(input.path)/\(file)"
      guard let place = places[key] else {
        places[key] = patients.count
        patients.append(.init(name: name, split: input.split, paths: [contrast: path]))
        continue
      }
      if let other = patients[place].paths.updateValue(path, forKey: contrast) {
        throw Fault(
          .badData, "a patient has two files of one contrast", file: path, key: contrast, found: other.lastPart,
          expected: "one file for each contrast of \(name)", remedy: "remove one of them")
      }
    }
    return patients
  }

  /// The part that all names begin with, without separators at its end.
  private static func commonName(_ names: [String]) -> String {
    let first = names.sorted().first ?? "volume"
    let common = names.reduce(first) { $0.commonPrefix(with: $1) }
    let trimmed = common.reversed().drop { "-_.".contains($0) }.reversed()
    return trimmed.isEmpty ? first : String(trimmed)
  }

  private static func checkNames(_ patients: [PatientFiles]) throws(Fault) {
    var seen: [String: PatientFiles] = [:]
    for patient in patients {
      guard let other = seen.updateValue(patient, forKey: patient.name) else { continue }
      throw Fault(
        .badData, other.split == patient.split ? "two patients have one name" : "a patient is in two splits",
        file: patient.paths.values.sorted().first, key: patient.name,
        found: other.paths.values.sorted().first?.parentFolder, expected: "a name of its own for each patient",
        remedy: "rename the files, or remove the copy: scores would be too good")
    }
  }
}
