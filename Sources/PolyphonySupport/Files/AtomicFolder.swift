import Foundation

/// Writes folders atomically, such as checkpoints and models. At any instant the folder is the whole old or new one.
///
/// A folder is built as `.NAME.tmp-PID-RANDOM` beside its destination, and every file and folder in it is flushed.
/// Then it takes the destination's place in one of two ways:
/// 1. If the system and the file system can, one call exchanges the two names (`renameat2` on Linux, `renamex_np` on
///    macOS). The old folder, now under the temporary name, is removed.
/// 2. Otherwise two renames do it: NAME → `.NAME.old`, then temporary → NAME. A process killed between them leaves no
///    NAME, and `recover(_:)` restores `.NAME.old`.
///
/// A reader of such a folder calls `recover(_:)` first. `write(to:_:)` calls it by itself.
///
/// ```swift
/// try AtomicFolder.write(to: "runs/model") { (folder) throws(Fault) in
///   try AtomicFile.write("epochs: 30\n", to: "\(folder)/recipe.yaml")
/// }
/// try AtomicFolder.recover("runs/model")  // before every later reading
/// ```
public enum AtomicFolder {
  /// Creates or replaces a folder with the files that `body` puts into it.
  ///
  /// - Parameters:
  ///   - path: The destination. Its parent folder must exist.
  ///   - body: Fills the empty folder at the path of its argument.
  /// - Throws: `Fault(.cannotWrite)` with the system's words, or the error of `body`. The destination is then
  ///   unchanged, unless only the very last flush failed.
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
    // The new folder is in place. If the old one cannot be removed, the next `recover` removes it.
    guard (try? FileStep.removeOld.perform(path) { 0 }) != nil else { return }
    try? FileManager.default.removeItem(atPath: temporary.path)
    try? FileManager.default.removeItem(atPath: TemporaryName.retired(path))
  }

  /// Creates or replaces a folder with a copy of another one.
  /// - Throws: `Fault(.cannotWrite)`. The destination is then unchanged.
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

  /// Repairs the traces of a killed writer. Call it before opening a folder that `write(to:_:)` writes.
  ///
  /// It restores a folder that was between two renames, and removes abandoned temporary folders. Without such traces it
  /// does nothing.
  ///
  /// - Throws: `Fault(.cannotWrite)` if the old folder exists and cannot be restored.
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

  /// Puts `new` in the place of `path`. Afterwards the old folder is at `new` (exchange) or `.NAME.old` (two renames).
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
    case .failed(ENOSYS), .failed(EINVAL), .failed(ENOTSUP): break  // fall back to two renames and `recover`
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
      // The C library has the function (glibc 2.28, musl 1.2.6), but the Swift overlay does not.
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
