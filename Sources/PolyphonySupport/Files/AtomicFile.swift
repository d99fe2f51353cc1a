import Foundation

/// Writes files that are, at any instant, either the old ones or the new ones, whole.
///
/// The bytes go to a temporary name in the same folder, are flushed to the disk, and take the destination's place
/// by one `rename`; then the folder is flushed. A failure removes the temporary file and leaves the old one as it
/// was; a killed process leaves a temporary file that the next write to the same destination removes.
public enum AtomicFile {
  /// Where the bytes of a file that is being written go, in order.
  public final class Output {
    let path: String
    let descriptor: Int32

    init(path: String, descriptor: Int32) {
      self.path = path
      self.descriptor = descriptor
    }

    /// Appends bytes.
    ///
    /// - Throws: `Fault(.cannotWrite)`.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
      var rest = bytes[...]
      while !rest.isEmpty {
        let chunk = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
        let count = try FileStep.write.perform(path) { Foundation.write(descriptor, chunk.baseAddress, chunk.count) }
        rest = rest.dropFirst(count)
      }
    }

    /// Appends bytes.
    ///
    /// - Throws: `Fault(.cannotWrite)`.
    public func write(_ bytes: [UInt8]) throws(Fault) {
      try withRawBytes(of: bytes) { (bytes) throws(Fault) in try write(bytes) }
    }
  }

  /// Replaces the file at a path, or makes it, with what `body` writes.
  ///
  /// - Parameters:
  ///   - path: The destination; its folder must exist. A symbolic link there is replaced, not followed.
  ///   - body: Writes the whole content.
  /// - Throws: `Fault(.cannotWrite)` with the system's words, or the error of `body`; the destination is then as it
  ///   was, unless all that failed was the very last flush.
  public static func write(to path: String, _ body: (Output) throws(Fault) -> Void) throws(Fault) {
    TemporaryName.removeAbandoned(beside: path)
    let temporary = TemporaryName(for: path)
    let descriptor = try FileStep.makeTemporary.perform(path) {
      open(temporary.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    }
    defer { close(descriptor) }
    _ = flock(descriptor, LOCK_EX | LOCK_NB)
    do throws(Fault) {
      try body(Output(path: path, descriptor: descriptor))
      try FileStep.syncFile.perform(path) { fsync(descriptor) }
      try FileStep.rename.perform(path) { rename(temporary.path, path) }
    } catch {
      unlink(temporary.path)
      throw error
    }
    try PolyphonySupport.syncFolder(TemporaryName.split(path).folder)
  }

  /// Replaces the file at a path, or makes it, with bytes; otherwise as `write(to:_:)`.
  public static func write(_ bytes: [UInt8], to path: String) throws(Fault) {
    try write(to: path) { (output) throws(Fault) in try output.write(bytes) }
  }

  /// Replaces the file at a path, or makes it, with text in UTF-8; otherwise as `write(to:_:)`.
  public static func write(_ text: String, to path: String) throws(Fault) {
    try write(Array(text.utf8), to: path)
  }
}
