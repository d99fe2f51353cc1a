import Foundation

/// Writes folders that are, at any instant, either the old ones or the new ones, whole: checkpoints and models.
///
/// A folder is built as `.NAME.tmp-PID-RANDOM` beside its destination and every file and folder in it is flushed.
/// Then it takes the destination's place:
/// 1. by one exchange of the two names where system and file system can (`renameat2` on Linux, `renamex_np` on
///    macOS); the old folder, now under the temporary name, is removed;
/// 2. elsewhere by two renames, NAME → `.NAME.old` and temporary → NAME; a process killed between them leaves no
///    NAME, and `recover(_:)` brings `.NAME.old` back.
///
/// Whoever opens such a folder calls `recover(_:)` first; `write(to:_:)` does so itself.
public enum AtomicFolder {
  /// Replaces the folder at a path, or makes it, with what `body` puts into the folder it is given.
  ///
  /// - Parameters:
  ///   - path: The destination; the folder above it must exist.
  ///   - body: Fills the folder at the path it is given, which is empty.
  /// - Throws: `Fault(.cannotWrite)` with the system's words, or the error of `body`; the destination is then as it
  ///   was, unless all that failed was the very last flush.
  public static func write(to path: String, _ body: (_ folder: String) throws(Fault) -> Void) throws(Fault) {
    try recover(path)
    let parent = TemporaryName.split(path).folder
    let temporary = TemporaryName(for: path)
    try FileStep.makeTemporary.perform(path) { mkdir(temporary.path, 0o777) }
    let lock = open(temporary.path, O_RDONLY | O_CLOEXEC)
    defer { close(lock) }
    _ = flock(lock, LOCK_EX | LOCK_NB)
    do throws(Fault) {
      try body(temporary.path)
      try syncTree(temporary.path)
      try swap(temporary.path, into: path)
    } catch {
      try? FileManager.default.removeItem(atPath: temporary.path)
      throw error
    }
    try PolyphonySupport.syncFolder(parent)
    // The new folder stands; an old one that cannot be removed is left to the next `recover`.
    guard (try? FileStep.removeOld.perform(path) { 0 }) != nil else { return }
    try? FileManager.default.removeItem(atPath: temporary.path)
    try? FileManager.default.removeItem(atPath: TemporaryName.retired(path))
  }

  /// Replaces the folder at a path, or makes it, with a copy of another one.
  /// - Throws: `Fault(.cannotWrite)`; the destination is then as it was.
  public static func copy(_ source: String, to path: String) throws(Fault) {
    try write(to: path) { (folder) throws(Fault) in
      do {
        for entry in try FileManager.default.contentsOfDirectory(atPath: source) {
          try FileManager.default.copyItem(atPath: "\(source)/\(entry)", toPath: "\(folder)/\(entry)")
        }
      } catch {
        throw Fault(
          .cannotWrite, "a folder cannot be copied", file: path, found: error.localizedDescription,
          expected: "a copy of \(source)")
      }
    }
  }

  /// Puts right what a killed writer has left: call it before opening a folder that `write(to:_:)` writes.
  ///
  /// A folder that stood between two renames comes back, and abandoned temporary folders go. Where nothing was
  /// left behind, nothing happens.
  ///
  /// - Throws: `Fault(.cannotWrite)` when the old folder is there and cannot be brought back.
  public static func recover(_ path: String) throws(Fault) {
    let retired = TemporaryName.retired(path)
    if exists(retired) {
      if exists(path) {
        try? FileManager.default.removeItem(atPath: retired)
      } else {
        try FileStep.rename.perform(path) { rename(retired, path) }
      }
    }
    TemporaryName.removeAbandoned(beside: path)
  }

  /// Makes `new` stand at `path`. After an exchange the old folder stands at `new`, after two renames at `.NAME.old`.
  private static func swap(_ new: String, into path: String) throws(Fault) {
    guard exists(path) else {
      try FileStep.rename.perform(path) { rename(new, path) }
      return
    }
    guard isFolder(path) else {
      throw Fault(
        .cannotWrite, "a file stands where a folder is to be written", file: path, expected: "a folder or nothing",
        remedy: "remove the file, or name another folder")
    }
    switch FileStep.exchange.attempt({ exchange(new, path) }) {
    case .value: return
    case .failed(ENOSYS), .failed(EINVAL), .failed(ENOTSUP): break  // two renames, then, and `recover`
    case .failed(let number): throw FileStep.exchange.fault(path, number)
    }
    let retired = TemporaryName.retired(path)
    try FileStep.retire.perform(path) { rename(path, retired) }
    do throws(Fault) {
      try FileStep.rename.perform(path) { rename(new, path) }
    } catch {
      _ = rename(retired, path)
      throw error
    }
  }

  /// Exchanges two names in one step.
  private static func exchange(_ first: String, _ second: String) -> Int32 {
    #if canImport(Darwin)
      return renamex_np(first, second, UInt32(RENAME_SWAP))
    #else
      typealias Function = @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32
      // The C library has it (glibc 2.28, musl 1.2.6), the Swift overlay does not.
      guard let symbol = dlsym(nil, "renameat2") else {
        errno = ENOSYS
        return -1
      }
      let exchangeFlag: UInt32 = 2
      return unsafeBitCast(symbol, to: Function.self)(AT_FDCWD, first, AT_FDCWD, second, exchangeFlag)
    #endif
  }

  /// Flushes every file and folder below a path, and the folder itself.
  private static func syncTree(_ folder: String) throws(Fault) {
    for entry in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
      let path = "\(folder)/\(entry)"
      if isFolder(path) {
        try syncTree(path)
      } else {
        let descriptor = try FileStep.syncFile.perform(path) { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        defer { close(descriptor) }
        try FileStep.syncFile.perform(path) { fsync(descriptor) }
      }
    }
    try PolyphonySupport.syncFolder(folder)
  }

  private static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
