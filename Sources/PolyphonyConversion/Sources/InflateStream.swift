import Polyphony

/// The content of compressed bytes, in zlib's own form, unpacked only as far as it is read.
///
/// So a small file that claims a huge content takes no memory.
package final class InflateStream {
  private let zlib: Zlib
  private let input: UnsafeMutableBufferPointer<UInt8>
  private let stream: UnsafeMutablePointer<Zlib.Stream>
  private let file: String

  /// Opens compressed bytes.
  /// - Throws: `Fault(.failure)` without zlib.
  package init(_ bytes: [UInt8], file: String) throws(Fault) {
    zlib = try Zlib(for: file)
    self.file = file
    input = .allocate(capacity: max(1, bytes.count))
    _ = input.initialize(from: bytes)
    stream = .allocate(capacity: 1)
    stream.initialize(to: Zlib.Stream())
    stream.pointee.nextIn = input.baseAddress.map { UnsafePointer($0) }
    stream.pointee.availableIn = CUnsignedInt(bytes.count)
    guard zlib.initialize(stream, 15, "1.2.0", CInt(MemoryLayout<Zlib.Stream>.size)) == 0 else {
      throw Fault(.failure, "zlib refuses to work", file: file, expected: "zlib 1.2 or newer")
    }
  }

  deinit {
    _ = zlib.finish(stream)
    stream.deallocate()
    input.deallocate()
  }

  /// Fills a buffer with the next bytes of the content.
  /// - Throws: `Fault(.badData)` if the content is broken or ends before the buffer is full.
  package func fill(_ buffer: UnsafeMutableBufferPointer<UInt8>) throws(Fault) {
    stream.pointee.nextOut = buffer.baseAddress
    stream.pointee.availableOut = CUnsignedInt(buffer.count)
    while stream.pointee.availableOut > 0 {
      let code = zlib.step(stream, 0)
      // 0 continues. At the end (1) and without further input (−5) the buffer must be full.
      guard code == 0 || code == 1 && stream.pointee.availableOut == 0 else {
        throw Fault(
          .badData, "the compressed content is broken", file: file,
          found: code == 1 || code == -5 ? "its end" : "zlib's error \(code)", expected: "zlib's data to its end")
      }
    }
  }
}
