import Foundation
import Polyphony

/// The detection of a file's format, and the reading of its columns.
enum SourceFile {
  /// Reads the columns of all inputs.
  /// - Parameter folder: The folder for temporary files.
  /// - Throws: `Fault(.missingInput)` without a file, `Fault(.badData)` for an unknown format.
  static func open(
    _ inputs: [InputFile], _ options: ConversionOptions, folder: String
  ) throws(Fault) -> SourceTable {
    var files: [(input: InputFile, file: RandomAccessFile)] = []
    for input in inputs { files.append((input, try RandomAccessFile(input.path))) }
    guard inputs[0].isNamed else {
      try checkAlign(options)
      let areArrays = try files.map { (entry) throws(Fault) in try isArray(entry.file) }
      if !areArrays.contains(false) { return try NumPySource.arrays(files.map(\.file)) }
      guard files.count == 1 else {
        throw Fault(
          .usage, "several files without names are for single arrays",
          file: inputs[areArrays.firstIndex(of: false) ?? 0].path, key: "--input", found: "another format",
          expected: ".npy in all of them",
          remedy: "say what each file holds: --input train=FILE, --input NAME=FILE or --input NAME.train=FILE")
      }
      return try table(inputs[0], files[0].file, options, folder)
    }
    let areSequences = try files.map { (entry) throws(Fault) in try SequenceSource.isOne(entry.file) }
    if areSequences.contains(true) {
      return try SequenceSource.read(inputs, options, scratch: try ScratchFile(in: folder))
    }
    try checkAlign(options)
    var merging = SourceMerging()
    var names: [String?] = []
    for input in inputs where !names.contains(input.modality) { names.append(input.modality) }
    for name in names {
      let own = files.filter { $0.input.modality == name }
      if own.allSatisfy(\.input.isTable) {
        // The tables of all splits are read together, so that one decision about a column holds for all of them.
        let table = try CSVSource.read(
          own.map { ($0.file, $0.input.split ?? "") }, options, modality: name, folder: folder)
        try merging.add(table, as: own[0].input)
      } else {
        for (input, file) in own { try merging.add(try table(input, file, options, folder), as: input) }
      }
    }
    return merging.table
  }

  /// Reads the columns of one file.
  private static func table(
    _ input: InputFile, _ file: RandomAccessFile, _ options: ConversionOptions, _ folder: String
  ) throws(Fault) -> SourceTable {
    let path = input.path
    if try isArray(file) { return try NumPySource.arrays([file], makesSplits: false) }
    let magic = try file.bytes(min(8, file.size), at: 0)
    let ending = (path as NSString).pathExtension.lowercased()
    if magic.isEmpty { throw Fault(.badData, "the file is empty", file: path, expected: "a file to convert") }
    if let foreign = ForeignTable(magic) { throw foreign.fault(path) }
    if magic.starts(with: [0x50, 0x4B]) {
      return try NumPySource.archive(file, scratch: try ScratchFile(in: folder))
    }
    if try HDF5Source.isOne(file) { return try HDF5Source.read(path) }
    switch try MatlabSource.version(file) {
    case .five: return try MatlabSource.read(file, scratch: try ScratchFile(in: folder))
    case .seven: return try HDF5Source.read(path, isMatlab: true)
    case nil: break
    }
    if magic.starts(with: [0x1F, 0x8B]) {
      throw Fault(
        .badData, "the file is compressed", file: path, found: "gzip",
        expected: "a pickle, .npz, .npy, .mat, HDF5 or CSV", remedy: "unpack it first: gunzip")
    }
    switch ending {
    case "csv", "tsv", "txt", "jsonl", "ndjson":
      return try CSVSource.read([(file, input.split ?? "")], options, modality: input.modality, folder: folder)
    case "pkl", "pickle", "p", "pk":
      return try PickleSource.read(file, scratch: try ScratchFile(in: folder))
    default:
      if magic[0] == PickleOpcode.proto.rawValue {
        return try PickleSource.read(file, scratch: try ScratchFile(in: folder))
      }
      throw Fault(
        .badData, "the format is unknown", file: path, found: ".\(ending)",
        expected: "a pickle (.pkl), .npz, .npy, .mat, HDF5, CSV (.csv, .tsv) or JSON Lines (.jsonl)",
        remedy: remedy(ending))
    }
  }

  /// The advice for a file of an unknown format.
  private static func remedy(_ ending: String) -> String {
    // Version 4 begins with numbers and no words.
    ending == "mat" ? "save it anew in MATLAB: save('data.mat', '-v7')" : "give the file its usual ending"
  }

  /// Refuses a pivot for files that are aligned already.
  private static func checkAlign(_ options: ConversionOptions) throws(Fault) {
    guard let align = options.align else { return }
    throw Fault(
      .usage, "only computational sequences are aligned", key: "--align", found: align,
      expected: "files of CMU-MultimodalSDK: --input NAME=FILE.csd", remedy: "leave --align out")
  }

  private static func isArray(_ file: RandomAccessFile) throws(Fault) -> Bool {
    try file.bytes(min(8, file.size), at: 0).starts(with: [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59])
  }
}
