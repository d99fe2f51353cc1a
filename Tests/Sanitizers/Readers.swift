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
  case safetensors, json, yaml, pickle, npy, npz, csv, mat

  static let chosen = ProcessInfo.processInfo.environment["POLYPHONY_FUZZ"].flatMap(Reader.init) ?? choose()

  /// A folder in memory, where there is one.
  static let folder = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()

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
      precondition(again == document, "another document")
    case .yaml:
      let text = try SettingsTree(yaml: String(decoding: bytes, as: UTF8.self), file: "fuzz").yaml()
      let again = try SettingsTree(yaml: text, file: "written").yaml()
      precondition(again == text, "another tree")
    case .pickle: _ = try PickleSource.read(try file(bytes), scratch: try ScratchFile(in: Self.folder))
    case .npy: _ = try NumPySource.arrays([try file(bytes)])
    case .npz: _ = try NumPySource.archive(try file(bytes), scratch: try ScratchFile(in: Self.folder))
    case .csv:
      let options = ConversionOptions(inputs: ["fuzz.csv"], output: "fuzz")
      _ = try CSVSource.read([(try file(bytes), "")], options, modality: nil, folder: Self.folder)
    case .mat: _ = try MatlabSource.read(try file(bytes), scratch: try ScratchFile(in: Self.folder))
    }
  }

  private func file(_ bytes: UnsafeRawBufferPointer) throws(Fault) -> RandomAccessFile {
    let scratch = try ScratchFile(in: Self.folder)
    try scratch.append(bytes)
    try scratch.flush()
    return scratch.file
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
