import Polyphony

/// Reads a part of a file forwards, byte by byte or in pieces, through a small buffer.
struct ByteCursor {
  let file: RandomAccessFile
  /// Where the next byte lies in the file.
  private(set) var position: Int
  /// Where the part ends.
  let end: Int
  private var buffer: [UInt8] = []
  /// Where the next byte lies in the buffer.
  private var cursor = 0

  /// A cursor over a part of a file, by default the whole.
  init(_ file: RandomAccessFile, _ range: Range<Int>? = nil) {
    self.file = file
    (position, end) = (range?.lowerBound ?? 0, range?.upperBound ?? file.size)
  }

  /// Bytes to come.
  var remaining: Int { end - position }

  /// The next byte; nil at the end.
  mutating func next() throws(Fault) -> UInt8? {
    if cursor == buffer.count {
      guard position < end else { return nil }
      buffer = try file.bytes(min(1 << 16, remaining), at: position)
      cursor = 0
    }
    let byte = buffer[cursor]
    cursor += 1
    position += 1
    return byte
  }

  /// The next bytes; nil, and nothing read, where fewer are left.
  mutating func next(_ count: Int) throws(Fault) -> [UInt8]? {
    guard count >= 0, count <= remaining else { return nil }
    let bytes: [UInt8]
    if cursor + count <= buffer.count {
      bytes = Array(buffer[cursor..<cursor + count])
    } else {
      bytes = try file.bytes(count, at: position)
    }
    skip(count)
    return bytes
  }

  /// Passes over bytes; the caller has seen that they are there.
  mutating func skip(_ count: Int) {
    position += count
    if cursor + count <= buffer.count {
      cursor += count
    } else {
      buffer = []
      cursor = 0
    }
  }
}
