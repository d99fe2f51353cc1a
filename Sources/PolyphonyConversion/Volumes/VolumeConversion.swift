import Foundation
import Polyphony

/// Converts volumes in NIfTI files to a data set of their axial slices or of whole volumes, for segmentation.
///
/// Every volume is read twice, one at a time: once for its brain, its intensities and its labels, and once for its slices.
enum VolumeConversion {
  /// The usual names of masks, the most likely first.
  static let maskNames = [
    "seg", "mask", "label", "labels", "target", "lesion", "lesions", "segmentation", "groundtruth", "gt",
  ]

  /// True if some input is a volume or a folder.
  static func isOne(_ inputs: [InputFile]) -> Bool {
    inputs.contains { NIfTIFile.isOne($0.path) || PatientFiles.isFolder($0.path) }
  }

  /// Converts volumes.
  /// - Throws: the faults of ``DatasetConversion/run(_:progress:)``.
  static func run(
    _ inputs: [InputFile], _ options: ConversionOptions, progress: (DatasetConversion.Progress) -> Void
  ) throws(Fault) -> DatasetConversion.Outcome {
    try checkOptions(options)
    let files = try PatientFiles.all(inputs)
    let known = files.reduce(into: Set<String>()) { $0.formUnion($1.paths.keys) }
    let mask = try maskName(options, known, inputs[0].path)
    let contrasts = try contrasts(options, known.subtracting([mask]), order: inputs.compactMap(\.modality))
    var counter = VolumeProgress(files, total: 2)
    var set = try VolumeSet(files, contrasts: contrasts, mask: mask) { path in
      progress(counter.adding(path, "volumes"))
    }
    let splits = try VolumeSplits(set.patients, options: options)
    if options.wholeVolumes { set.joinSlices(of: splits.splits.flatMap(\.parts)) }
    let found = set.patients.reduce(into: Set<Int>()) { $0.formUnion($1.mask?.labels ?? []) }
    let example = files.lazy.compactMap { $0.paths[mask] }.first ?? inputs[0].path
    let labels = try MaskLabels(found, contrasts: known, file: example, key: mask)
    var outputs: [(name: String, file: VolumeSplitFile)] = []
    for (name, parts) in splits.splits {
      let hasTargets = try checkMasks(name, parts, set, mask)
      outputs.append(
        (
          name,
          VolumeSplitFile(
            set: set, parts: parts, labels: hasTargets ? labels : nil,
            firstID: outputs.reduce(0) { $0 + $1.file.count })
        ))
    }
    var description = DatasetDescription(
      name: options.name ?? name(inputs, files, options.output), task: labels.task, modalities: set.modalities,
      splits: Dictionary(uniqueKeysWithValues: outputs.map { ($0.name, .init(file: "\($0.name).safetensors")) }))
    try description.validate(file: options.output)
    description.source = "converted by «polyphony data convert» from the volumes of \(files.map(\.name).listed)"
    let list = VolumeList(set.patients.map(\.volume), labels: labels.isIdentity ? nil : labels.labels)
    try write(outputs, list, &description, to: options.output) { name, path in progress(counter.adding(path, name)) }
    let empty = set.patients.filter { $0.mask.map { !$0.labels.contains { $0 > 0 } } ?? false }
    var notes = splits.notes + set.notes + [labels.note].compactMap(\.self)
    if !empty.isEmpty { notes.append("\(empty.count) masks are empty: \(empty.map(\.files.name).listed)") }
    return DatasetConversion.Outcome(
      description: description, splits: outputs.map { ($0.name, $0.file.count) }, identifiers: nil, notes: notes)
  }

  /// Writes the files of a data set of volumes.
  static func write(
    _ outputs: [(name: String, file: VolumeSplitFile)], _ list: VolumeList, _ description: inout DatasetDescription,
    to folder: String, done: (_ split: String, _ path: String) -> Void
  ) throws(Fault) {
    var ids: [String] = []
    for (_, file) in outputs { ids += file.identifiers }
    try AtomicFolder.write(to: folder, replacing: .dataset) { (folder) throws(Fault) in
      for (name, file) in outputs {
        let path = "\(folder)/\(name).safetensors"
        try file.write(to: path) { done(name, $0) }
        description.splits[name]?.sha256 = try FileHash.sha256(of: path)
      }
      try list.write(to: folder)
      try JSONFile.write(ids, to: "\(folder)/ids.json")
      try JSONFile.write(description, to: "\(folder)/dataset.json")
    }
  }

  /// Refuses options that mean nothing for volumes.
  private static func checkOptions(_ options: ConversionOptions) throws(Fault) {
    let given: [(option: String, value: String?)] = [
      ("--task", options.task.flatMap { $0 == .segmentation ? nil : $0.rawValue }),
      ("--text", options.text?.rawValue), ("--id", options.id), ("--split-by", options.splitBy),
      ("--group-by", options.groupBy), ("--align", options.align),
      ("--encoder", options.extractors.keys.sorted().first),
    ]
    guard let (option, value) = given.first(where: { $0.value != nil }) else { return }
    throw Fault(
      .usage, "the option has no meaning for volumes", key: option, found: value,
      expected: "--target, --modality, --split, --seed, --name and --volumes", remedy: "leave \(option) out")
  }

  private static func maskName(
    _ options: ConversionOptions, _ known: Set<String>, _ path: String
  ) throws(Fault) -> String {
    if let target = options.target {
      guard !known.contains(target) else { return target }
      throw Fault(
        .usage, "no volume has the name of the target", file: path, key: "--target", found: target,
        expected: known.sorted().joined(separator: ", "),
        remedy: Suggestion.question(for: target, among: known.sorted()))
    }
    if let name = maskNames.first(where: known.contains) { return name }
    throw Fault(
      .badData, "no volume has the usual name of a mask", file: path, found: known.sorted().joined(separator: ", "),
      expected: "one of \(maskNames.joined(separator: ", "))", remedy: "name the mask: --target NAME")
  }

  /// The modalities with their contrasts: those of the options, else all, in the order of the options or the alphabet.
  private static func contrasts(
    _ options: ConversionOptions, _ known: Set<String>, order: [String]
  ) throws(Fault) -> [(modality: String, key: String)] {
    guard !options.modalities.isEmpty else {
      let given = order.reduce(into: [String]()) { if known.contains($1), !$0.contains($1) { $0.append($1) } }
      let names = given.isEmpty ? known.sorted() : given
      guard !names.isEmpty else {
        throw Fault(.badData, "there is no image beside the mask", key: "--input", expected: "--input NAME=FILE")
      }
      return names.map { ($0, $0) }
    }
    return try options.modalities.map { (choice) throws(Fault) in
      let key = choice.keys?.first ?? choice.name
      guard known.contains(key), choice.keys?.count ?? 1 == 1, choice.content == nil else {
        throw Fault(
          .usage, "no image has the name of a modality's contrast", key: "--modality \(choice.name)",
          found: choice.keys?.joined(separator: ",") ?? key, expected: known.sorted().joined(separator: ", "),
          remedy: Suggestion.question(for: key, among: known.sorted()))
      }
      return (choice.name, key)
    }
  }

  /// Returns true if the patients of a split have masks.
  /// - Throws: `Fault(.badData)` if only some have one.
  private static func checkMasks(
    _ name: String, _ parts: [VolumeSplits.Part], _ set: VolumeSet, _ mask: String
  ) throws(Fault) -> Bool {
    let absent = parts.filter { set.patients[$0.patient].mask == nil }
    guard let first = absent.first else { return true }
    guard absent.count < parts.count else { return false }
    let patient = set.patients[first.patient]
    throw Fault(
      .badData, "a patient has no mask", file: patient.files.paths.values.sorted().first, key: patient.files.name,
      found: patient.files.paths.keys.sorted().joined(separator: ", "), expected: "\(mask) as in the rest of \(name)",
      remedy: "remove the patient, or put those without masks into a split of their own: --input test=FOLDER")
  }

  private static func name(_ inputs: [InputFile], _ files: [PatientFiles], _ output: String) -> String {
    inputs.count == 1 && inputs[0].split == nil
      ? inputs[0].path.lastPart : files.count == 1 ? files[0].name : output.lastPart
  }
}

/// The progress of a conversion in bytes of volumes, each of which is read several times.
struct VolumeProgress {
  private var done = 0
  private let total: Int
  private var sizes: [String: Int] = [:]

  /// Counts the bytes of all files.
  init(_ patients: [PatientFiles], total passes: Int) {
    for path in patients.flatMap(\.paths.values) {
      sizes[path] = ((try? FileManager.default.attributesOfItem(atPath: path)[.size]) as? NSNumber)?.intValue ?? 0
    }
    total = passes * sizes.values.reduce(0, +)
  }

  /// Adds a volume that was read.
  mutating func adding(_ path: String, _ split: String) -> DatasetConversion.Progress {
    done = min(total, done + (sizes[path] ?? 0))
    return .init(split: split, done: done, total: total)
  }
}
