import Foundation
import Polyphony

/// A file that is read at any position, piece by piece, so that its size does not matter.
///
/// It is not mapped, because the pages of a map would count as this process's memory.
final class RandomAccessFile {
  /// The file's name for faults.
  let path: String
  /// The number of bytes in the file. A scratch file grows.
  var size: Int
  let descriptor: Int32

  /// Opens a file.
  /// - Throws: `Fault(.missingInput)` if there is no readable file.
  init(_ path: String) throws(Fault) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw Fault(
        .missingInput, "the file cannot be opened", file: path, found: String(cString: strerror(errno)),
        expected: "a file to convert")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw Fault(.missingInput, "this is not a file", file: path, expected: "a file to convert")
    }
    (self.path, self.descriptor, self.size) = (path, descriptor, Int(status.st_size))
  }

  /// Takes over an open descriptor.
  init(_ path: String, owning descriptor: Int32) { (self.path, self.descriptor, self.size) = (path, descriptor, 0) }

  deinit { close(descriptor) }

  /// Fills a buffer from a position in the file.
  /// - Throws: `Fault(.badData)` if the file ends before the buffer is full.
  func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(Fault) {
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done..<min(buffer.count, done + 1 << 30)])
      let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        throw Fault(
          .badData, count == 0 ? "the file ends too early" : "the file cannot be read", file: path,
          found: count == 0 ? "its end at byte \(offset + done)" : String(cString: strerror(errno)),
          expected: "\(buffer.count) bytes from byte \(offset) on", remedy: "copy or download the file again")
      }
      done += count
    }
  }

  /// Returns some bytes of the file.
  /// - Throws: The same faults as `read(_:at:)`.
  func bytes(_ count: Int, at offset: Int) throws(Fault) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    try withMutableBytes(of: &bytes) { (buffer) throws(Fault) in try read(buffer, at: offset) }
    return bytes
  }
}

/// Calls `body` with the memory of an array, like `withUnsafeMutableBytes`, but keeps the type of the error.
package func withMutableBytes<Element: BitwiseCopyable, Result>(
  of elements: inout [Element], _ body: (UnsafeMutableRawBufferPointer) throws(Fault) -> Result
) throws(Fault) -> Result {
  try elements.withUnsafeMutableBytes { bytes in
    Swift.Result { () throws(Fault) in try body(bytes) }
  }.get()
}
