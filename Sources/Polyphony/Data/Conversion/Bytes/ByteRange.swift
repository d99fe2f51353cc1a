import Torch

/// Bytes that lie in memory, or stay where they are in a file until they are needed.
enum ByteRange {
  /// Few bytes.
  case memory([UInt8])
  /// A part of a file; checked to lie within it.
  case file(RandomAccessFile, offset: Int, count: Int)

  /// How many there are.
  var count: Int {
    switch self {
    case .memory(let bytes): bytes.count
    case .file(_, _, let count): count
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
    }
  }

  /// All bytes.
  func bytes() throws(Fault) -> [UInt8] {
    switch self {
    case .memory(let bytes): return bytes
    case .file(let file, let offset, let count): return try file.bytes(count, at: offset)
    }
  }
}
