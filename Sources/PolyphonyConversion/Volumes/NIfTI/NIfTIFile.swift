import Foundation
import Polyphony

/// A volume in a NIfTI file, whose numbers are read piece by piece.
final class NIfTIFile {
  /// The path of the file.
  let path: String
  /// The content of the header.
  let header: NIfTIHeader
  /// The place of voxels in space.
  let geometry: NIfTIGeometry
  private let file: RandomAccessFile
  private let isCompressed: Bool

  /// The numbers of a piece.
  private static let piece = 1 << 18
  /// The greatest factor by which deflate shrinks data, from zlib's documentation.
  private static let greatestFactor = 1032

  /// Returns true if a file's name ends like that of a volume.
  static func isOne(_ path: String) -> Bool {
    let name = path.lowercased()
    return name.hasSuffix(".nii") || name.hasSuffix(".nii.gz")
  }

  /// The name of a file without folders and ending.
  static func stem(_ path: String) -> String {
    var name = path.lastPart
    for ending in [".gz", ".nii"] where name.lowercased().hasSuffix(ending) { name.removeLast(ending.count) }
    return name
  }

  /// Opens a file and reads its header.
  /// - Throws: `Fault(.missingInput)` without a file, `Fault(.badData)` for another format.
  convenience init(_ path: String) throws(Fault) { try self.init(try RandomAccessFile(path)) }

  /// Reads the header of an open file.
  /// - Throws: `Fault(.badData)` for another format.
  init(_ file: RandomAccessFile) throws(Fault) {
    (self.file, path) = (file, file.path)
    let beginning = try file.bytes(min(file.size, NIfTIHeader.secondLength), at: 0)
    isCompressed = beginning.starts(with: [0x1F, 0x8B])
    header = try NIfTIHeader(isCompressed ? Self.unpackedHeader(file) : beginning, file: file.path)
    geometry = NIfTIGeometry(header.geometry, shape: header.shape)
    let room = isCompressed ? file.size.multipliedReportingOverflow(by: Self.greatestFactor).partialValue : file.size
    guard let bytes = NumPyArray.count(header.shape + [header.type.size]), bytes <= room - header.offset else {
      throw Fault(
        .badData, "the file ends too early", file: path, found: "\(file.size) bytes",
        expected: "\(header.shape) voxels of \(header.type.size) bytes", remedy: "copy or download the file again")
    }
  }

  private static func unpackedHeader(_ file: RandomAccessFile) throws(Fault) -> [UInt8] {
    let stream = try InflateStream(gzip: file)
    var bytes = [UInt8](repeating: 0, count: NIfTIHeader.secondLength)
    try fill(&bytes, ..<NIfTIHeader.firstLength, stream)
    // The header of version 2 is longer, and begins with its length in either order.
    if NIfTIFields(bytes)?.isFirstVersion == false {
      try fill(&bytes, NIfTIHeader.firstLength..<NIfTIHeader.secondLength, stream)
    }
    return bytes
  }

  private static func fill(
    _ bytes: inout [UInt8], _ range: some RangeExpression<Int>, _ stream: InflateStream
  ) throws(Fault) {
    let range = range.relative(to: bytes)
    try withMutableBytes(of: &bytes) { (buffer) throws(Fault) in
      try stream.fill(UnsafeMutableRawBufferPointer(rebasing: buffer[range]).bindMemory(to: UInt8.self))
    }
  }

  /// Calls `body` with the numbers of all voxels in the order of the file, piece by piece, and the index of the first.
  ///
  /// The first axis runs fastest. Numbers are scaled as the header says.
  /// - Throws: `Fault(.badData)` for a broken file and for a number that is not finite, or the error of `body`.
  func forEachPiece(_ body: (UnsafeBufferPointer<Float>, _ start: Int) throws(Fault) -> Void) throws(Fault) {
    let (count, size) = (header.shape.reduce(1, *), header.type.size)
    let stream = isCompressed ? try InflateStream(gzip: file) : nil
    if let stream { try skip(header.offset, stream) }
    var raw = [UInt8](repeating: 0, count: min(Self.piece, count) * size)
    var values = [Float](repeating: 0, count: min(Self.piece, count))
    for start in stride(from: 0, to: count, by: Self.piece) {
      let length = min(Self.piece, count - start)
      try withMutableBytes(of: &raw) { (buffer) throws(Fault) in
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(length * size)])
        if let stream {
          try stream.fill(part.bindMemory(to: UInt8.self))
        } else {
          try file.read(part, at: header.offset + start * size)
        }
      }
      try withMutableBytes(of: &values) { (buffer) throws(Fault) in
        let numbers = UnsafeMutableBufferPointer(rebasing: buffer.bindMemory(to: Float.self)[..<length])
        try withRawBytes(of: raw) { (raw) throws(Fault) in
          header.type.convert(UnsafeRawBufferPointer(rebasing: raw[..<(length * size)]), to: numbers)
        }
        if header.slope != 1 || header.intercept != 0 {
          let (slope, intercept) = (Float(header.slope), Float(header.intercept))
          for index in numbers.indices { numbers[index] = numbers[index] * slope + intercept }
        }
        if let place = numbers.firstIndex(where: { !$0.isFinite }) { throw notFinite(numbers[place], start + place) }
        try body(UnsafeBufferPointer(numbers), start)
      }
    }
    try stream?.finish()
  }

  /// Returns the numbers of all voxels in the order of the file.
  /// - Throws: the faults of ``forEachPiece(_:)``.
  func values() throws(Fault) -> [Float] {
    var values: [Float] = []
    values.reserveCapacity(header.shape.reduce(1, *))
    try forEachPiece { (piece, _) throws(Fault) in values.append(contentsOf: piece) }
    return values
  }

  private func skip(_ count: Int, _ stream: InflateStream) throws(Fault) {
    var rest = count
    while rest > 0 {
      var bytes = [UInt8](repeating: 0, count: min(rest, 1 << 16))
      try Self.fill(&bytes, 0..., stream)
      rest -= bytes.count
    }
  }

  /// The indices of a voxel, given its place in the file.
  func index(of place: Int) -> [Int] {
    [place % header.shape[0], place / header.shape[0] % header.shape[1], place / header.shape[0] / header.shape[1]]
  }

  private func notFinite(_ value: Float, _ place: Int) -> Fault {
    Fault(
      .badData, "a voxel is not a finite number", file: path, key: "voxel \(index(of: place))", found: "\(value)",
      expected: "finite numbers, and 0 outside the brain",
      remedy: "fill it, for example with 0: numpy.nan_to_num")
  }
}
