import Polyphony

/// Bytes that lie in memory, or stay where they are in a file until they are needed.
enum ByteRange {
  /// Few bytes.
  case memory([UInt8])
  /// A part of a file; checked to lie within it.
  case file(RandomAccessFile, offset: Int, count: Int)
  /// The elements of an array in an HDF5 file, as they are stored; read in whole elements.
  case hdf5(HDF5Dataset)

  /// How many there are.
  var count: Int {
    switch self {
    case .memory(let bytes): bytes.count
    case .file(_, _, let count): count
    case .hdf5(let dataset): dataset.byteCount
    }
  }

  /// Fills a buffer from a place in the range; the caller stays within it.
  /// - Throws: `Fault` where the file cannot be read any more.
  func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(Fault) {
    switch self {
    case .memory(let bytes):
      try withRawBytes(of: bytes) { (bytes) throws(Fault) in
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + buffer.count]))
      }
    case .file(let file, let start, _): try file.read(buffer, at: start + offset)
    case .hdf5(let dataset): try dataset.read(buffer, at: offset)
    }
  }

  /// All bytes.
  func bytes() throws(Fault) -> [UInt8] {
    switch self {
    case .memory(let bytes): return bytes
    case .file(let file, let offset, let count): return try file.bytes(count, at: offset)
    case .hdf5(let dataset):
      var bytes = [UInt8](repeating: 0, count: count)
      try withMutableBytes(of: &bytes) { (buffer) throws(Fault) in try dataset.read(buffer, at: 0) }
      return bytes
    }
  }
}
