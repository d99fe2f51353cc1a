import Polyphony

/// The reader of MAT-files of version 5, as MATLAB's `save` and SciPy's `savemat` write them.
///
/// Version 7.3 is HDF5, and `HDF5Source` reads it.
enum MatlabSource {
  private static let mostVariables = 10_000
  private static let headerSize = 128

  /// The kinds of MAT-files by their beginnings.
  enum Version { case five, seven }

  /// Returns the version of a MAT-file. It is nil for other files.
  static func version(_ file: RandomAccessFile) throws(Fault) -> Version? {
    let start = String(decoding: try file.bytes(min(10, file.size), at: 0), as: UTF8.self)
    return start == "MATLAB 5.0" ? .five : start == "MATLAB 7.3" ? .seven : nil
  }

  /// Reads the variables of a file.
  /// - Throws: `Fault(.badData)` for a broken file, and for one without variables.
  static func read(_ file: RandomAccessFile, scratch: ScratchFile) throws(Fault) -> SourceTable {
    let header = try file.bytes(min(headerSize, file.size), at: 0)
    let order = String(decoding: header.dropFirst(headerSize - 2), as: UTF8.self)
    guard header.count == headerSize, order == "IM" || order == "MI" else {
      throw Fault(
        .badData, "the MAT-file is broken", file: file.path, found: "\(file.size) bytes",
        expected: "a header of 128 bytes that ends with the order of bytes", remedy: "copy or download the file again")
    }
    let whole = MatlabPart(file: file, range: headerSize..<file.size, isBigEndian: order == "MI", path: file.path)
    var columns: [(name: String, column: SourceColumn)] = []
    var place = headerSize
    while place < file.size {
      let element = try whole.element(at: place)
      place = element.end
      guard let matrix = try variable(element, whole, scratch), !matrix.name.isEmpty else { continue }
      columns.append((matrix.name, matrix.column))
      guard columns.count <= mostVariables else {
        throw Fault(
          .badData, "the file has too many variables", file: file.path, found: "more than \(mostVariables)",
          expected: "one array a modality, samples first")
      }
    }
    guard !columns.isEmpty else {
      throw Fault(
        .badData, "the MAT-file has no variables", file: file.path, expected: "one array a modality, samples first")
    }
    return SourceTable(format: "MATLAB", file: file.path, parts: SourceTable.parts(of: columns))
  }

  /// Reads a variable, which may be compressed. It is nil for other elements.
  private static func variable(
    _ element: MatlabElement, _ part: MatlabPart, _ scratch: ScratchFile
  ) throws(Fault) -> MatlabMatrix? {
    switch element.type {
    case MatlabElement.matrix: return try MatlabMatrix(element, in: part)
    case MatlabElement.compressed:
      let name = "byte \(element.content.lowerBound)"
      let bytes = try Zlib(for: part.path).inflate(part.file, element.content, .stream, name: name, to: scratch)
      guard case .file(let file, let offset, let count) = bytes else { return nil }
      let inner = MatlabPart(
        file: file, range: offset..<offset + count, isBigEndian: part.isBigEndian, path: part.path)
      let unpacked = try inner.element(at: offset)
      return unpacked.type == MatlabElement.matrix ? try MatlabMatrix(unpacked, in: inner) : nil
    default: return nil
    }
  }

  /// Makes a column of an array of numbers. MATLAB has no arrays of one dimension, so a row `[1, N]` is a list.
  static func column(_ array: NumPyArray) -> SourceColumn {
    guard array.count != 1 else { return .other("a single number") }
    guard array.shape.count == 2, array.shape[0] == 1 else { return .array(array) }
    let list = NumPyArray(type: array.type, shape: [array.count], isFortran: false, content: array.content)
    return list.map { .array($0) } ?? .array(array)
  }

  /// Makes a column of an array of version 7.3, in which the first index runs fastest too.
  static func column(_ dataset: HDF5Dataset, _ type: ElementType, class name: String?) throws(Fault) -> SourceColumn {
    let shape = Array(dataset.shape.reversed())
    let array = NumPyArray(type: type, shape: shape, isFortran: true, content: .bytes(.hdf5(dataset)))
    guard let array, array.count > 0 else { return .other("an empty array \(shape)") }
    guard name == "char" else { return type.isNumber ? column(array) : .other("an array \(shape) of texts") }
    guard type.kind == .unsigned, type.size == 2, dataset.byteCount <= MatlabMatrix.mostTextBytes else {
      return .other("characters \(shape)")
    }
    let raw = try ByteRange.hdf5(dataset).bytes()
    let characters = raw.withUnsafeBytes { raw in
      (0..<array.count).map { UInt16(exactly: type.double(raw, $0)) ?? 0xFFFD }
    }
    return MatlabText.rows(characters, shape).map { .texts($0) } ?? .other("characters \(shape)")
  }
}
