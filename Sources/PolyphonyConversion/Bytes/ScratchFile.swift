import Foundation
import Polyphony

/// A nameless file for content that must be unpacked before random access. It disappears with the process.
final class ScratchFile {
  /// The file for reading.
  let file: RandomAccessFile
  private var pending: [UInt8] = []

  /// Makes a file on the disk of a folder, and removes its name at once.
  /// - Throws: `Fault(.cannotWrite)` if the folder is absent or not writable.
  init(in folder: String) throws(Fault) {
    let scratch = "\(folder)/polyphony-scratch"
    // A process that was killed before the name went has left its file.
    TemporaryName.removeAbandoned(beside: scratch)
    let path = TemporaryName(for: scratch).path
    let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw Fault(
        .cannotWrite, "no file can be made in this folder", file: folder, found: String(cString: strerror(errno)))
    }
    unlink(path)
    file = RandomAccessFile("a temporary file in \(folder)", owning: descriptor)
  }

  /// The number of bytes so far, including those not yet on the disk.
  var count: Int { file.size + pending.count }

  /// Checks that the disk has space for content that is to be unpacked.
  /// - Throws: `Fault(.cannotWrite)` if it has less.
  func checkSpace(for bytes: Int, of source: String) throws(Fault) {
    try DiskSpace.check(for: bytes, at: file.descriptor, "the unpacked file", of: source)
  }

  /// Appends bytes. They can be read after `flush()`.
  func append(_ bytes: some Collection<UInt8>) throws(Fault) {
    pending.append(contentsOf: bytes)
    if pending.count >= 1 << 20 { try flush() }
  }

  /// Appends one byte.
  func append(_ byte: UInt8) throws(Fault) {
    pending.append(byte)
    if pending.count >= 1 << 20 { try flush() }
  }

  /// Writes the pending bytes.
  /// - Throws: `Fault(.cannotWrite)` with the system's words.
  func flush() throws(Fault) {
    try withRawBytes(of: pending) { (bytes) throws(Fault) in
      var done = 0
      while done < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
        let count = pwrite(file.descriptor, rest.baseAddress, rest.count, off_t(file.size))
        if count < 0, errno == EINTR { continue }
        guard count > 0 else {
          throw Fault(
            .cannotWrite, "a temporary file cannot be written", file: file.path,
            found: String(cString: strerror(errno)), remedy: "free some space on the disk of the output folder")
        }
        done += count
        file.size += count
      }
    }
    pending.removeAll(keepingCapacity: true)
  }

  /// Returns the bytes after the first `start` ones, as a readable range.
  func range(from start: Int) throws(Fault) -> ByteRange {
    try flush()
    return .file(file, offset: start, count: file.size - start)
  }
}
