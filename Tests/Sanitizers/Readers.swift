import Foundation
import Polyphony

@testable import PolyphonyConversion
@testable import PolyphonySettings
@testable import PolyphonySupport
@testable import Torch

/// The readers that a fuzzer calls with the bytes of a file. A reader may refuse them by a `Fault`, and nothing else.
///
/// `POLYPHONY_FUZZ` names the reader.
private enum Reader: String, CaseIterable {
  case safetensors, json, yaml, pickle, npy, npz, csv, mat, nii

  static let chosen = ProcessInfo.processInfo.environment["POLYPHONY_FUZZ"].flatMap(Reader.init) ?? choose()

  /// A folder in memory, where there is one.
  static let folder = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()

  /// The file that a reader reads, and the one that it unpacks to. All inputs share them, which saves time.
  nonisolated(unsafe) static let files = (0..<2).compactMap { _ in try? ScratchFile(in: folder) }

  private static func choose() -> Reader {
    fatalError("POLYPHONY_FUZZ must be one of \(allCases.map(\.rawValue).joined(separator: ", "))")
  }

  func read(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
    switch self {
    case .safetensors: _ = try SafetensorsHeader(parsing: bytes)
    case .json:
      let document = try OrderedJSON(parsing: bytes)
      // A document that is written and read again is the same.
      let again = try OrderedJSON(parsing: document.text())
      precondition(again == document, "another document: \(document.text())")
    case .yaml:
      guard let text = String(validating: bytes, as: UTF8.self) else { return }
      let tree = try SettingsTree(yaml: text, file: "fuzz")
      let again = try SettingsTree(yaml: tree.yaml(), file: "written")
      precondition(again.json == tree.json, "another tree: \(tree.yaml())")
    case .pickle: _ = try PickleSource.read(try file(bytes), scratch: Self.empty(1))
    case .npy: _ = try NumPySource.arrays([try file(bytes)])
    case .npz: _ = try NumPySource.archive(try file(bytes), scratch: Self.empty(1))
    case .csv:
      let options = ConversionOptions(inputs: ["fuzz.csv"], output: "fuzz")
      _ = try CSVSource.read([(try file(bytes), "")], options, modality: nil, folder: Self.folder)
    case .mat: _ = try MatlabSource.read(try file(bytes), scratch: Self.empty(1))
    case .nii: _ = try VolumeScan(try NIfTIFile(try file(bytes)), isMask: bytes.first == 0x1F)
    }
  }

  private func file(_ bytes: UnsafeRawBufferPointer) throws(Fault) -> RandomAccessFile {
    let scratch = Self.empty(0)
    try scratch.append(bytes)
    try scratch.flush()
    return scratch.file
  }

  /// A file without the bytes of the input before.
  private static func empty(_ index: Int) -> ScratchFile {
    let scratch = files[index]
    precondition(ftruncate(scratch.file.descriptor, 0) == 0)
    scratch.file.size = 0
    return scratch
  }
}

/// The entry of libFuzzer.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  do throws(Fault) {
    try Reader.chosen.read(UnsafeRawBufferPointer(start: data, count: count))
  } catch {
    precondition(error.kind != .failure, "\(error)")
  }
  return 0
}
