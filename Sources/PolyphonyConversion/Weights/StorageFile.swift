import Foundation
import Polyphony
import Torch

/// The pickled content of a file that PyTorch wrote, and the places of its storages.
///
/// Since version 1.6 PyTorch writes a ZIP archive: a pickle `data.pkl`, and a stored member for each storage. Before, it
/// wrote pickles one after another (a magic number, a version, facts about the machine, the content, the names of the
/// storages), and behind them for each storage the number of its elements and the elements.
struct StorageFile {
  let file: RandomAccessFile
  /// The pickled object.
  let content: PickleValue
  /// The bytes of each storage, by its name.
  let ranges: [String: Range<Int>]

  /// The pickle of the magic number with which the old form begins.
  private static let magic: [UInt8] = [
    0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
  ]

  /// Reads everything but the storages' elements.
  /// - Throws: `Fault(.badData)` for another kind of file, or a part that is broken or refused.
  init(_ path: String) throws(Fault) {
    file = try RandomAccessFile(path)
    let start = try file.bytes(min(Self.magic.count, file.size), at: 0)
    if start.starts(with: [0x50, 0x4B, 3, 4]) {
      (content, ranges) = try Self.archive(file)
    } else if start == Self.magic {
      (content, ranges) = try Self.sequence(file)
    } else {
      throw Fault(
        .badData, "this is no file of weights", file: path, expected: "what PyTorch writes by torch.save",
        remedy: "copy or download the file again")
    }
  }

  private static func archive(_ file: RandomAccessFile) throws(Fault) -> (PickleValue, [String: Range<Int>]) {
    let archive = try ZipArchive(file)
    guard let pickle = archive.members.first(where: { $0.name.hasSuffix("/data.pkl") }), pickle.method == 0 else {
      throw Fault(.badData, "the archive holds no tensors", file: file.path, expected: "a stored member data.pkl")
    }
    var reader = try reader(file, try archive.range(of: pickle))
    let folder = String(pickle.name.dropLast("data.pkl".count))
    var ranges: [String: Range<Int>] = [:]
    for member in archive.members where member.method == 0 {
      let range = try archive.range(of: member)
      if member.name.hasPrefix("\(folder)data/") {
        ranges[String(member.name.dropFirst(folder.count + 5))] = range
      } else if member.name == "\(folder)byteorder", try file.bytes(min(range.count, 6), at: range.lowerBound) != little
      {
        throw Fault(.badData, "the weights are in another order of bytes", file: file.path, expected: "little")
      }
    }
    return (try reader.read(), ranges)
  }

  private static let little = Array("little".utf8)

  private static func sequence(_ file: RandomAccessFile) throws(Fault) -> (PickleValue, [String: Range<Int>]) {
    var values: [PickleValue] = []
    var position = magic.count
    for _ in 0..<4 {
      var reader = try reader(file, position..<file.size)
      values.append(try reader.readFirst())
      position = reader.cursor.position
    }
    let broken = Fault(
      .badData, "the storages of the file are broken", file: file.path, expected: "their names, counts and elements",
      remedy: "copy or download the file again")
    guard case .dictionary(let machine) = values[1], case .sequence(let names) = values[3] else { throw broken }
    if case .bool(false)? = machine.byName.first(where: { $0.name == "little_endian" })?.value {
      throw Fault(.badData, "the weights are in another order of bytes", file: file.path, expected: "little")
    }
    let types = storageTypes(values[2])
    var ranges: [String: Range<Int>] = [:]
    for name in names.elements {
      guard case .text(let name) = name, let type = types[name], file.size - position >= 8 else { throw broken }
      let count = try file.bytes(8, at: position).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      position += 8
      guard let count = Int(exactly: count), let size = type.byteCount(of: [count]), size <= file.size - position
      else { throw broken }
      ranges[name] = position..<position + size
      position += size
    }
    return (values[2], ranges)
  }

  /// The element types of the storages that a value mentions, by name.
  private static func storageTypes(_ value: PickleValue) -> [String: SafetensorsType] {
    switch value {
    case .tensor(let tensor): [tensor.storage.name: tensor.storage.type]
    case .sequence(let sequence): merged(sequence.elements)
    case .dictionary(let dictionary): merged(dictionary.items.map(\.value))
    default: [:]
    }
  }

  private static func merged(_ values: [PickleValue]) -> [String: SafetensorsType] {
    values.reduce(into: [:]) { $0.merge(storageTypes($1)) { first, _ in first } }
  }

  private static func reader(_ file: RandomAccessFile, _ range: Range<Int>) throws(Fault) -> PickleReader {
    PickleReader(file, range, scratch: try ScratchFile(in: NSTemporaryDirectory()), readsTensors: true)
  }
}
