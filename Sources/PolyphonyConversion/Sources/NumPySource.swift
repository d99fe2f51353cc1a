import Foundation
import Polyphony

/// The reader of `.npz` archives and single `.npy` arrays.
enum NumPySource {
  /// Reads the arrays of an archive. Names such as `train_text` or `train/text` make splits.
  /// - Throws: `Fault(.badData)` for an invalid archive.
  static func archive(_ file: RandomAccessFile, scratch: ScratchFile) throws(Fault) -> SourceTable {
    let archive = try ZipArchive(file)
    try archive.checkSizes()
    try scratch.checkSpace(for: archive.unpackedSize, of: file.path)
    var columns: [(name: String, column: SourceColumn)] = []
    for member in archive.members where member.name.hasSuffix(".npy") {
      let array = try array(member, archive, scratch)
      columns.append((String(member.name.dropLast(4)), try SourceColumn(array)))
    }
    guard !columns.isEmpty else {
      let isWorkbook = archive.members.contains { $0.name == "[Content_Types].xml" }
      if isWorkbook { throw ForeignTable.excel.fault(file.path) }
      let isTorch = archive.members.contains { $0.name.hasSuffix("/data.pkl") }
      throw Fault(
        .badData, "the archive holds no arrays", file: file.path,
        found: isTorch ? "a PyTorch file" : archive.members.prefix(8).map(\.name).joined(separator: ", "),
        expected: "members that end in .npy", remedy: "save one in Python: np.savez('data.npz', text=…, audio=…)")
    }
    return SourceTable(format: "npz", file: file.path, parts: SourceTable.parts(of: columns))
  }

  /// Reads single arrays, each under the name of its file.
  /// - Parameter makesSplits: true if a name such as `train_text` names a split.
  /// - Throws: `Fault(.badData)` for an invalid array.
  static func arrays(_ files: [RandomAccessFile], makesSplits: Bool = true) throws(Fault) -> SourceTable {
    var columns: [(name: String, column: SourceColumn)] = []
    for file in files {
      let name = ((file.path as NSString).lastPathComponent as NSString).deletingPathExtension
      columns.append((name, try SourceColumn(try NumPyFile(file).array)))
    }
    return SourceTable(
      format: "npy", file: files.map(\.path).joined(separator: ", "),
      parts: makesSplits ? SourceTable.parts(of: columns) : [.init(name: "", columns: columns)])
  }

  private static func array(
    _ member: ZipArchive.Member, _ archive: ZipArchive, _ scratch: ScratchFile
  ) throws(Fault) -> NumPyArray {
    let range = try archive.range(of: member)
    switch member.method {
    case 0: return try NumPyFile(archive.file, range, name: member.name).array
    case 8:
      let start = scratch.count
      // The header promises the number of bytes. So an archive that would fill the disk is refused by its beginning.
      func array() throws(Fault) -> NumPyArray {
        try NumPyFile(scratch.file, start..<start + member.size, name: member.name).array
      }
      _ = try Zlib(for: archive.file.path).inflate(
        archive.file, range, .member(size: member.size, crc: member.crc), name: member.name, to: scratch
      ) { () throws(Fault) in _ = try array() }
      return try array()
    default: break
    }
    throw Fault(
      .badData, "a member of the archive is packed in an unknown way", file: archive.file.path, key: member.name,
      found: "method \(member.method)", expected: "0 (stored) or 8 (deflated)")
  }
}
