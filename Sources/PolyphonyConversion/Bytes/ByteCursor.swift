import Polyphony

/// A forward reader of a part of a file, by bytes or pieces, with a small buffer.
struct ByteCursor {
  let file: RandomAccessFile
  /// The position of the next byte in the file.
  private(set) var position: Int
  /// The end of the part.
  let end: Int
  private var buffer: [UInt8] = []
  /// The position of the next byte in the buffer.
  private var cursor = 0

  /// Makes a cursor over a part of a file, by default the whole.
  init(_ file: RandomAccessFile, _ range: Range<Int>? = nil) {
    self.file = file
    (position, end) = (range?.lowerBound ?? 0, range?.upperBound ?? file.size)
  }

  /// The number of remaining bytes.
  var remaining: Int { end - position }

  /// Returns the next byte. It is nil at the end.
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

  /// Returns the next bytes. If fewer remain, it returns nil and reads nothing.
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

  /// Skips bytes. The caller has checked that they exist.
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
