import Foundation
import Polyphony

/// The detection of a file's format, and the reading of its columns.
enum SourceFile {
  /// Reads the columns of the input.
  /// - Parameter folder: The folder for temporary files.
  /// - Throws: `Fault(.missingInput)` without the file, `Fault(.badData)` for an unknown format.
  static func open(_ options: ConversionOptions, folder: String) throws(Fault) -> SourceTable {
    guard let path = options.inputs.first else {
      throw Fault(.usage, "there is nothing to convert", key: "--input", expected: "a file")
    }
    var files: [RandomAccessFile] = []
    for input in options.inputs { files.append(try RandomAccessFile(input)) }
    let file = files[0]
    let magics = try files.map { (file) throws(Fault) in try file.bytes(min(8, file.size), at: 0) }
    let isArray = magics.map { $0.starts(with: [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]) }
    if !isArray.contains(false) { return try NumPySource.arrays(files) }
    guard files.count == 1 else {
      throw Fault(
        .usage, "several files are for single arrays", file: options.inputs[isArray.firstIndex(of: false) ?? 0],
        key: "--input", found: "another format", expected: ".npy in all of them")
    }
    let magic = magics[0]
    let ending = (path as NSString).pathExtension.lowercased()
    if magic.isEmpty { throw Fault(.badData, "the file is empty", file: path, expected: "a file to convert") }
    if magic.starts(with: [0x50, 0x4B]) {
      return try NumPySource.archive(file, scratch: try ScratchFile(in: folder))
    }
    if magic.starts(with: [0x89, 0x48, 0x44, 0x46]) {
      return try HDF5Source.read(path)
    }
    if magic.starts(with: [0x1F, 0x8B]) {
      throw Fault(
        .badData, "the file is compressed", file: path, found: "gzip", expected: "a pickle, .npz, .npy, HDF5 or CSV",
        remedy: "unpack it first: gunzip")
    }
    switch ending {
    case "csv", "tsv", "txt": return try CSVSource.read(file, options, folder: folder)
    case "pkl", "pickle", "p", "pk":
      return try PickleSource.read(file, scratch: try ScratchFile(in: folder))
    default:
      if magic[0] == PickleOpcode.proto.rawValue {
        return try PickleSource.read(file, scratch: try ScratchFile(in: folder))
      }
      throw Fault(
        .badData, "the format is unknown", file: path, found: ".\(ending)",
        expected: "a pickle (.pkl), .npz, .npy, HDF5 or CSV (.csv, .tsv)", remedy: "give the file its usual ending")
    }
  }
}
