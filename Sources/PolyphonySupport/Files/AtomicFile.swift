import Foundation

/// Writes files atomically: at any instant the file is either the whole old one or the whole new one.
///
/// The bytes go to a temporary name in the same folder and are flushed to the disk. One `rename` puts them in the
/// destination's place, and then the folder is flushed. A failure removes the temporary file and leaves the old file
/// unchanged. A killed process leaves a temporary file, which the next write to the same destination removes. The new
/// file has the owner, the group and the permissions of the one that it replaces.
///
/// A symbolic link stays, and the file that it names is replaced. A pipe, a character device and `/dev/stdout` take the
/// bytes as they come. A folder, a socket and a block device are refused.
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
  ///   - path: The destination. Its folder must exist.
  ///   - body: Writes the whole content.
  /// - Throws: `Fault(.cannotWrite)` with the system's words, or the error of `body`. The destination is then
  ///   unchanged, unless only the very last flush failed.
  public static func write(to path: String, _ body: (Output) throws(Fault) -> Void) throws(Fault) {
    try write(to: path, sweeps: true, body)
  }

  /// Creates or replaces a file like `write(to:_:)`.
  /// - Parameter sweeps: false to leave what killed writers have left, because to look for it reads the whole folder. The
  ///   owner of a folder with many files removes it at the start (``TemporaryName/removeAbandoned(in:)``).
  package static func write(
    to path: String, sweeps: Bool, _ body: (Output) throws(Fault) -> Void
  ) throws(Fault) {
    switch try OutputPlace(path) {
    case .file(let place, let replaced):
      if sweeps { TemporaryName.removeAbandoned(beside: place) }
      try replace(place, replaced, path, body)
    case .stream(let place):
      let flags = O_WRONLY | O_CLOEXEC | O_NOCTTY
      let descriptor = try FileStep.openStream.perform(path) { open(place, flags) }
      defer { close(descriptor) }
      try body(Output(path: path, descriptor: descriptor))
    case .descriptor(let number):
      let descriptor = try FileStep.openStream.perform(path) { dup(number) }
      defer { close(descriptor) }
      try body(Output(path: path, descriptor: descriptor))
    }
  }

  /// Checks before a long computation that a file could be written to a path.
  /// - Throws: `Fault(.cannotWrite)` for what ``write(to:_:)`` refuses, and for a missing folder.
  public static func check(_ path: String) throws(Fault) {
    guard case .file(let place, _) = try OutputPlace(path) else { return }
    try FileStep.makeTemporary.perform(path) { access(TemporaryName.split(place).folder, W_OK | X_OK) }
  }

  /// True for a path at which bytes go through a pipe, a device or a descriptor.
  package static func isStream(_ path: String) -> Bool {
    switch try? OutputPlace(path) {
    case .stream?, .descriptor?: true
    case .file?, nil: false
    }
  }

  /// Puts the new file in the place of the old one. `path` is the user's name for `place`.
  private static func replace(
    _ place: String, _ replaced: FileStatus?, _ path: String, _ body: (Output) throws(Fault) -> Void
  ) throws(Fault) {
    let temporary = TemporaryName(for: place)
    // A private file has no instant at which others may read it.
    let permissions = replaced?.permissions ?? 0o666
    let descriptor = try FileStep.makeTemporary.perform(path) {
      open(temporary.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, permissions)
    }
    defer { close(descriptor) }
    _ = flock(descriptor, LOCK_EX | LOCK_NB)
    replaced?.pass(to: descriptor)
    do throws(Fault) {
      try body(Output(path: path, descriptor: descriptor))
      try FileStep.syncFile.perform(path) { fsync(descriptor) }
      try FileStep.rename.perform(path) { rename(temporary.path, place) }
    } catch {
      unlink(temporary.path)
      throw error
    }
    try PolyphonySupport.syncFolder(TemporaryName.split(place).folder)
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
