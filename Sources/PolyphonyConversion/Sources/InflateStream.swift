import Foundation
import Polyphony

/// The content of compressed bytes, unpacked only as far as it is read.
///
/// So a small file that claims a huge content takes no memory.
package final class InflateStream {
  /// The frame of compressed data.
  private enum Frame: CInt {
    /// zlib's own form.
    case zlib = 15
    /// The form of gzip, whose members may follow each other.
    case gzip = 31
  }

  private let zlib: Zlib
  private let frame: Frame
  private let stream: UnsafeMutablePointer<Zlib.Stream>
  private let file: String
  private var input: [UInt8] = []
  /// The number of bytes of the input that zlib has taken.
  private var taken = 0
  /// Returns the next compressed bytes, and none at their end.
  private let refill: () throws(Fault) -> [UInt8]
  private var isAtEnd = false

  /// Opens compressed bytes in zlib's own form.
  /// - Throws: `Fault(.failure)` without zlib.
  package convenience init(_ bytes: [UInt8], file: String) throws(Fault) {
    var rest = bytes
    try self.init(.zlib, file: file) {
      defer { rest = [] }
      return rest
    }
  }

  /// Opens a file of gzip, which is read in pieces.
  /// - Throws: `Fault(.failure)` without zlib.
  convenience init(gzip file: RandomAccessFile) throws(Fault) {
    var place = 0
    try self.init(.gzip, file: file.path) { () throws(Fault) in
      let bytes = try file.bytes(min(1 << 18, file.size - place), at: place)
      place += bytes.count
      return bytes
    }
  }

  private init(_ frame: Frame, file: String, _ refill: @escaping () throws(Fault) -> [UInt8]) throws(Fault) {
    zlib = try Zlib(for: file)
    (self.frame, self.file, self.refill) = (frame, file, refill)
    stream = .allocate(capacity: 1)
    stream.initialize(to: Zlib.Stream())
    try start()
  }

  deinit {
    _ = zlib.finish(stream)
    stream.deallocate()
  }

  private func start() throws(Fault) {
    guard zlib.initialize(stream, frame.rawValue, "1.2.0", CInt(MemoryLayout<Zlib.Stream>.size)) == 0 else {
      throw Fault(.failure, "zlib refuses to work", file: file, expected: "zlib 1.2 or newer")
    }
  }

  /// Fills a buffer with the next bytes of the content.
  /// - Throws: `Fault(.badData)` if the content is broken or ends before the buffer is full.
  package func fill(_ buffer: UnsafeMutableBufferPointer<UInt8>) throws(Fault) {
    var done = 0
    while done < buffer.count {
      guard !isAtEnd else { throw broken("its end") }
      done += try step(UnsafeMutableBufferPointer(rebasing: buffer[done...]))
    }
  }

  /// Reads the content to its end, so that its checksum is compared.
  /// - Throws: `Fault(.badData)` if the content is broken.
  func finish() throws(Fault) {
    var rest = [UInt8](repeating: 0, count: 1 << 16)
    while !isAtEnd {
      let result = rest.withUnsafeMutableBufferPointer { rest in Result { () throws(Fault) in try step(rest) } }
      _ = try result.get()
    }
  }

  /// Unpacks some bytes into the beginning of a buffer, and returns their number.
  private func step(_ buffer: UnsafeMutableBufferPointer<UInt8>) throws(Fault) -> Int {
    if taken == input.count { (input, taken) = (try refill(), 0) }
    let isEmpty = taken == input.count
    stream.pointee.nextOut = buffer.baseAddress
    stream.pointee.availableOut = CUnsignedInt(buffer.count)
    let code = input.withUnsafeBufferPointer { input in
      stream.pointee.nextIn = input.baseAddress.map { $0 + taken }
      stream.pointee.availableIn = CUnsignedInt(input.count - taken)
      let code = zlib.step(stream, 0)
      taken = input.count - Int(stream.pointee.availableIn)
      return code
    }
    // 0 continues, 1 is the end, and −5 needs more input.
    guard code == 0 || code == 1 || code == -5 && !isEmpty else {
      throw broken(code == -5 ? "its end" : "zlib's error \(code)")
    }
    let count = buffer.count - Int(stream.pointee.availableOut)
    if code == 1 { isAtEnd = try !startsNextMember() }
    return count
  }

  /// Goes on with the next member of a gzip file. Without one it returns false.
  private func startsNextMember() throws(Fault) -> Bool {
    guard frame == .gzip else { return false }
    if taken == input.count { (input, taken) = (try refill(), 0) }
    // Some writers pad the end with zeros.
    guard taken < input.count, input[taken] == 0x1F else { return false }
    _ = zlib.finish(stream)
    stream.pointee = Zlib.Stream()
    try start()
    return true
  }

  private func broken(_ found: String) -> Fault {
    Fault(
      .badData, "the compressed content is broken", file: file, found: found,
      expected: frame == .zlib ? "zlib's data to its end" : "gzip's data to its end",
      remedy: frame == .zlib ? nil : "copy or download the file again")
  }
}
