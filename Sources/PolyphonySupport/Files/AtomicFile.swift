import Foundation

/// Writes files atomically: at any instant the file is either the whole old one or the whole new one.
///
/// The bytes go to a temporary name in the same folder and are flushed to the disk. One `rename` puts them in the
/// destination's place, and then the folder is flushed. A failure removes the temporary file and leaves the old file
/// unchanged. A killed process leaves a temporary file, which the next write to the same destination removes.
///
/// ```swift
/// try AtomicFile.write("epochs: 30\n", to: "recipe.yaml")
/// try AtomicFile.write(to: "scores.csv") { (output) throws(Fault) in
///   for score in scores { try output.write(Array("\(score)\n".utf8)) }
/// }
/// ```
public enum AtomicFile {
  /// The destination of the bytes of a file, in order.
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

  /// Creates or replaces a file with the bytes that `body` writes.
  ///
  /// - Parameters:
  ///   - path: The destination. Its folder must exist. A symbolic link there is replaced, not followed.
  ///   - body: Writes the whole content.
  /// - Throws: `Fault(.cannotWrite)` with the system's words, or the error of `body`. The destination is then
  ///   unchanged, unless only the very last flush failed.
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

  /// Creates or replaces a file with bytes, like `write(to:_:)`.
  public static func write(_ bytes: [UInt8], to path: String) throws(Fault) {
    try write(to: path) { (output) throws(Fault) in try output.write(bytes) }
  }

  /// Creates or replaces a file with text in UTF-8, like `write(to:_:)`.
  public static func write(_ text: String, to path: String) throws(Fault) {
    try write(Array(text.utf8), to: path)
  }
}
