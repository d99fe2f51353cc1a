import Polyphony

/// Bytes in memory, or in a file until they are needed.
enum ByteRange {
  /// A small number of bytes in memory.
  case memory([UInt8])
  /// A part of a file, checked to be within it.
  case file(RandomAccessFile, offset: Int, count: Int)
  /// The elements of an array in an HDF5 file in their stored form. They are read in whole elements.
  case hdf5(HDF5Dataset)

  /// The number of bytes.
  var count: Int {
    switch self {
    case .memory(let bytes): bytes.count
    case .file(_, _, let count): count
    case .hdf5(let dataset): dataset.byteCount
    }
  }

  /// Fills a buffer from a position in the range. The caller stays within the range.
  /// - Throws: `Fault` if the file can no longer be read.
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

  /// Returns all bytes.
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
