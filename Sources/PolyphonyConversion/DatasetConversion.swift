import Foundation
import Polyphony

/// Converts feature files to a data set folder: MMSA's and MulT's pickles, NumPy's arrays, MATLAB's and HDF5 files,
/// computational sequences, tables, and volumes in NIfTI files.
///
/// Samples are copied from their file in pieces, so memory does not grow with the file. Of volumes one is in memory.
///
/// ```swift
/// let options = ConversionOptions(inputs: ["unaligned_50.pkl"], output: "Data/mosi")
/// let outcome = try DatasetConversion.run(options) { print("\($0.split): \($0.done) of \($0.total) bytes") }
/// for note in outcome.notes { print(note) }
/// ```
public enum DatasetConversion {
  /// The progress of a conversion.
  public struct Progress: Sendable {
    /// The split that is being written.
    /// A measure of progress.
    public enum Unit: Sendable {
      /// Bytes that are written to the splits.
      case bytes
      /// Raw inputs whose features are computed.
      case inputs
    }

    /// The split that is being written, or the modality whose features are being computed.
    public var split: String
    /// The number of units so far, over all splits.
    public var done: Int
    /// The total number of units.
    public var total: Int
    /// The measure.
    public var unit: Unit = .bytes
  }

  /// The outcome of a conversion.
  public struct Outcome: Sendable {
    /// The description of the new data set.
    public var description: DatasetDescription
    /// The splits with their numbers of samples.
    public var splits: [(name: String, samples: Int)]
    /// The key or column of the identifiers. It is nil if samples have the numbers of their rows, from 0.
    public var identifiers: String?
    /// Sentences about decisions, replacements and omissions.
    public var notes: [String]
  }

  /// Converts files to a folder, which is created or replaced as a whole.
  ///
  /// Numbers become single precision. −∞ becomes 0, as in MMSA's loader, and so does +∞. NaN stays as a missing cell,
  /// which a model fills with the mean of the training split. A sample without any other number lacks the modality. The
  /// notes count all of them.
  /// - Throws: `Fault(.missingInput)` without the file, `Fault(.badData)` with the place of an error in the file,
  ///   `Fault(.usage)` for options that do not fit, `Fault(.cannotWrite)`.
  public static func run(
    _ options: ConversionOptions, progress: (Progress) -> Void = { _ in }
  ) throws(Fault) -> Outcome {
    try run(options, known: RecognizedFile.known, progress: progress)
  }

  /// Converts files like ``run(_:progress:)``, with a given table of recognised files by SHA-256.
  static func run(
    _ options: ConversionOptions, known: [String: RecognizedFile], progress: (Progress) -> Void = { _ in }
  ) throws(Fault) -> Outcome {
    try AtomicFolder.check(options.output, replacing: .dataset)
    let inputs = try InputFile.parse(options.inputs)
    if VolumeConversion.isOne(inputs) { return try VolumeConversion.run(inputs, options, progress: progress) }
    guard !options.wholeVolumes else {
      throw Fault(
        .usage, "these files are no volumes", file: inputs[0].path, key: "--volumes", found: inputs[0].path.lastPart,
        expected: "NIfTI files, .nii or .nii.gz", remedy: "leave --volumes out")
    }
    guard options.task != .segmentation else {
      throw Fault(
        .usage, "these files cannot be converted for this task", file: inputs[0].path, key: "--task",
        found: "segmentation", expected: "regression, classification or multilabel",
        remedy: "give volumes for a segmentation, .nii or .nii.gz")
    }
    let raws = try RawModalities(options, folder: inputs[0].path.parentFolder)
    let table = try raws.computed(
      try SourceFile.open(inputs, options, folder: options.output.parentFolder),
      scratchFolder: options.output.parentFolder, progress: progress)
    let options = try options.fitted(to: table).withTarget(in: table)
    let hashes = try hashes(of: inputs)
    let recognized = hashes.count == 1 ? known[hashes[0]] : nil
    let splitting = try SplitDecision(table: table, options: options, recognized: recognized).make()
    let sets = splitting.sets
    let entries = try ModalitySelection(table: table, options: options, sets: sets).make()
    var target = splitting.target
    if table.format == "CSV" { target.task.column = target.keys.count == 1 ? target.keys[0] : nil }
    if options.needsTarget, target.keys.isEmpty { throw noTarget(table, options) }
    let identifiers = try SampleIdentifiers(table, options, sets)
    var notes = (recognized.map { [$0.note] } ?? []) + table.notes + splitting.notes + target.notes + identifiers.notes
    notes += [PresenceColumn.note(sets, entries)].compactMap(\.self)
    if let part = table.parts.first {
      notes += [UnusedColumns.note(part, entries, options, targets: target.keys)].compactMap(\.self)
    }
    var writings: [SplitWriting] = []
    for (index, set) in sets.enumerated() {
      var lengths: [SampleLengths] = []
      for entry in entries {
        let read = try SampleLengths(entry, set, file: table.file)
        if read.clipped > 0 {
          notes.append("\(set.name): \(read.clipped) lengths of \(entry.modality.name) were cut to its steps")
        }
        lengths.append(read)
      }
      try PresenceColumn.apply(set, entries, to: &lengths, file: table.file)
      let (writing, left) = SplitWriting(
        set: set, entries: entries, lengths: lengths, target: target.targets[index], task: target.task,
        ids: identifiers.ids[index], source: table.file
      ).withoutEmptySamples()
      if left > 0 { notes.append("\(set.name): \(left) samples lack every modality and are left out") }
      writings.append(writing)
    }
    var description = DatasetDescription(
      name: options.name ?? recognized?.name ?? name(of: inputs, options.output), task: target.task,
      modalities: entries.map(\.modality),
      splits: Dictionary(uniqueKeysWithValues: sets.map { ($0.name, .init(file: "\($0.name).safetensors")) }))
    try description.validate(file: options.output)
    description.source = source(inputs, hashes, recognized)
    try AtomicFolder.write(to: options.output, replacing: .dataset) { (folder) throws(Fault) in
      try write(writings, &description, &notes, to: folder, progress)
      if let names = identifiers.names { try JSONFile.write(names, to: "\(folder)/ids.json") }
      try JSONFile.write(description, to: "\(folder)/dataset.json")
    }
    return Outcome(
      description: description, splits: writings.map { ($0.set.name, $0.set.rows.count) }, identifiers: identifiers.key,
      notes: notes)
  }

  private static func noTarget(_ table: SourceTable, _ options: ConversionOptions) -> Fault {
    Fault(
      .badData, "no column or key has the usual name of a target", file: table.file,
      found: table.names.listed, expected: "one of \(options.targetNames.joined(separator: ", "))",
      remedy: "name what is to be predicted: --target NAME")
  }

  /// Writes the files of all splits, and completes the description and the notes.
  static func write(
    _ writings: [SplitWriting], _ description: inout DatasetDescription, _ notes: inout [String], to folder: String,
    _ progress: (Progress) -> Void
  ) throws(Fault) {
    let total = SplitWriting.byteCount(of: writings)
    try checkSpace(for: total, in: folder, of: writings.first?.source ?? folder)
    var done = 0
    for writing in writings {
      let name = writing.set.name
      let path = "\(folder)/\(name).safetensors"
      let before = done
      let outcome = try writing.write(to: path) { bytes in
        done = min(done + bytes, before + writing.byteCount)
        progress(Progress(split: name, done: done, total: total))
      }
      done = before + writing.byteCount
      for (index, (entry, tally)) in zip(writing.entries, outcome.tallies).enumerated() {
        if let summary = tally.summary { notes.append("\(name): \(summary) in \(entry.modality.name) became 0") }
        guard let summary = tally.missingSummary else { continue }
        description.modalities[index].missingCells = .mean
        notes.append(
          "\(name): \(summary) in \(entry.modality.name). A model puts the training mean of the feature there")
      }
      for (entry, missing) in zip(writing.entries, outcome.missing) where missing > 0 {
        let isAbsent = missing == writing.set.rows.count
        if isAbsent, name == "train" { throw absent(entry, writing) }
        notes.append("\(isAbsent ? "warning: " : "")\(name): \(missing) samples lack \(entry.modality.name)")
      }
      description.splits[name]?.sha256 = try FileHash.sha256(of: path)
    }
  }

  /// Checks that the disk of a folder can hold the data set. An array of a small file may say that it is huge.
  private static func checkSpace(for bytes: Int, in folder: String, of source: String) throws(Fault) {
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    try DiskSpace.check(for: bytes, at: descriptor, "the data set", of: source)
  }

  /// The error of a modality that no training sample has.
  private static func absent(_ entry: ModalitySelection.Entry, _ writing: SplitWriting) -> Fault {
    let others = writing.entries.map(\.modality.name).filter { $0 != entry.modality.name }
    return Fault(
      .badData, "a modality is missing from every training sample", file: writing.source, key: entry.key,
      found: "no finite number in \(writing.set.rows.count) samples", expected: "at least one sample that has it",
      remedy: "convert without it: " + others.map { "--modality \($0)" }.joined(separator: " "))
  }

  /// The name of a data set: that of its file, or that of the folder for several named files.
  private static func name(of inputs: [InputFile], _ output: String) -> String {
    let path = inputs[0].isNamed && inputs.count > 1 ? output : inputs[0].path
    return ((path as NSString).lastPathComponent as NSString).deletingPathExtension
  }

  private static func hashes(of inputs: [InputFile]) throws(Fault) -> [String] {
    var hashes: [String] = []
    for input in inputs { hashes.append(try FileHash.sha256(of: input.path)) }
    return hashes
  }

  /// Returns names and hashes of the files, which users can compare with the publisher's.
  private static func source(_ inputs: [InputFile], _ hashes: [String], _ recognized: RecognizedFile?) -> String {
    let files = zip(inputs, hashes).map { "\(($0.path as NSString).lastPathComponent) (SHA-256 \($1))" }
    let origin = recognized.map { "\($0.source), \($0.path); " } ?? ""
    return origin + "converted by «polyphony data convert» from " + files.joined(separator: ", ")
  }
}
