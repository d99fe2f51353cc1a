import Foundation

/// Writes folders atomically, such as checkpoints and models. At any instant the folder is the whole old or new one.
///
/// A folder is built as `.NAME.tmp-PID-RANDOM` beside its destination, and every file and folder in it is flushed.
/// Then it takes the destination's place in one of two ways:
/// 1. If the system and the file system can, one call exchanges the two names (`renameat2` on Linux, `renamex_np` on
///    macOS). The old folder, now under the temporary name, is removed.
/// 2. Otherwise two renames do it: NAME → `.NAME.old-polyphony`, then temporary → NAME. A process killed between them
///    leaves no NAME, and `recover(_:)` restores the old folder.
///
/// Only an empty folder, or one of the same ``FolderKind``, is replaced. Files of somebody else in it stay. A symbolic
/// link stays too, and the folder that it names is replaced.
///
/// A reader of such a folder calls `recover(_:)` first. `write(to:replacing:_:)` calls it by itself.
///
/// ```swift
/// let notes = FolderKind("a folder of notes", mark: "recipe.yaml") { _ in [] }
/// try AtomicFolder.write(to: "runs/model", replacing: notes) { (folder) throws(Fault) in
///   try AtomicFile.write("epochs: 30\n", to: "\(folder)/recipe.yaml")
/// }
/// try AtomicFolder.recover("runs/model")  // before every later reading
/// ```
public enum AtomicFolder {
  /// Creates or replaces a folder with the files that `body` puts into it.
  ///
  /// - Parameters:
  ///   - path: The destination. Its parent folder must exist.
  ///   - kind: The kind of folder that is written, and that may be replaced.
  ///   - body: Fills the empty folder at the path of its argument.
  /// - Throws: `Fault(.cannotWrite)` with the system's words, or the error of `body`. The destination is then
  ///   unchanged, unless only the very last flush failed.
  public static func write(
    to path: String, replacing kind: FolderKind, _ body: (_ folder: String) throws(Fault) -> Void
  ) throws(Fault) {
    let path = try check(path, replacing: kind)
    let old = FileStatus(path)
    let temporary = TemporaryName(for: path)
    try FileStep.makeTemporary.perform(path) { mkdir(temporary.path, (old?.permissions ?? 0o777) | 0o700) }
    let lock = open(temporary.path, O_RDONLY | O_CLOEXEC)
    defer { close(lock) }
    _ = flock(lock, LOCK_EX | LOCK_NB)
    do throws(Fault) {
      try body(temporary.path)
      if old != nil { try KeptFiles(from: path, to: temporary.path, kind).keep() }
      try syncTree(temporary.path)
      old?.pass(to: lock)
      try swap(temporary.path, into: path)
    } catch {
      try? FileManager.default.removeItem(atPath: temporary.path)
      throw error
    }
    try PolyphonySupport.syncFolder(TemporaryName.split(path).folder)
    // The new folder is in place. If the old one cannot be removed, the next `recover` removes it.
    guard (try? FileStep.removeOld.perform(path) { 0 }) != nil else { return }
    try? FileManager.default.removeItem(atPath: temporary.path)
    try? FileManager.default.removeItem(atPath: TemporaryName.retired(path))
  }

  /// Creates or replaces a folder with a copy of another one of its kind. Files of somebody else are not copied.
  /// - Throws: `Fault(.cannotWrite)`. The destination is then unchanged.
  public static func copy(_ source: String, to path: String, replacing kind: FolderKind) throws(Fault) {
    try write(to: path, replacing: kind) { (folder) throws(Fault) in
      do {
        for entry in kind.ownFiles(in: source) ?? [] where FileStatus("\(source)/\(entry)") != nil {
          try FileManager.default.copyItem(atPath: "\(source)/\(entry)", toPath: "\(folder)/\(entry)")
        }
      } catch {
        throw Fault(
          .cannotWrite, "a folder cannot be copied", file: path, found: describe(error), expected: "a copy of \(source)"
        )
      }
    }
  }

  /// Checks that a folder could be written to a path without a loss: before a long computation, and before each write.
  ///
  /// - Returns: The path that symbolic links at the end of `path` lead to.
  /// - Throws: `Fault(.cannotWrite)` for a file, for a folder of another kind, for an input of the same command, for the
  ///   current folder, and for a link that leads nowhere.
  @discardableResult
  public static func check(_ path: String, replacing kind: FolderKind) throws(Fault) -> String {
    let place = SymbolicLink.target(of: path)
    try recover(place)
    guard let status = FileStatus(place) else {
      try SymbolicLink.checkTarget(place, of: path)
      return place
    }
    guard status.kind == .folder else {
      throw Fault(
        .cannotWrite, "a file stands where a folder is to be written", file: path, found: status.kind.rawValue,
        expected: "a folder or nothing", remedy: "remove the file, or name another folder")
    }
    try InputFiles.spare(status, path)
    let entries = kind.foreignFiles(in: place)
    guard entries.isEmpty || kind.ownFiles(in: place) != nil else { throw kind.refuse(path, entries) }
    guard status.identity != FileStatus(".")?.identity else {
      throw Fault(
        .cannotWrite, "the current folder cannot be replaced", file: path, expected: "a folder in it or elsewhere",
        remedy: "name another folder")
    }
    return place
  }

  /// Checks that a folder could be removed without a loss.
  ///
  /// - Returns: The path that symbolic links at the end of `path` lead to.
  /// - Throws: `Fault(.cannotWrite)` for what ``check(_:replacing:)`` refuses, and for files of somebody else in it.
  @discardableResult
  public static func checkRemoval(_ path: String, of kind: FolderKind) throws(Fault) -> String {
    let place = try check(path, replacing: kind)
    let foreign = kind.foreignFiles(in: place)
    guard foreign.isEmpty else { throw kind.refuse(path, foreign) }
    return place
  }

  /// Removes a folder, so that a run can start anew. Nothing happens without one.
  ///
  /// The mark goes last, so a killed process leaves a folder that the next one can remove.
  /// - Throws: The errors of ``checkRemoval(_:of:)``.
  public static func remove(_ path: String, of kind: FolderKind) throws(Fault) {
    let place = try checkRemoval(path, of: kind)
    for name in (kind.ownFiles(in: place) ?? []).subtracting([kind.mark]) + [kind.mark] {
      try? FileManager.default.removeItem(atPath: "\(place)/\(name)")
    }
    // The folder behind a symbolic link stays, since the link would lead nowhere.
    if place == path { rmdir(place) }
  }

  /// Repairs the traces of a killed writer. Call it before opening a folder that `write(to:replacing:_:)` writes.
  ///
  /// It restores a folder that was between two renames, and removes abandoned temporary folders. Without such traces it
  /// does nothing.
  ///
  /// - Throws: `Fault(.cannotWrite)` if the old folder exists and cannot be restored.
  public static func recover(_ path: String) throws(Fault) {
    let path = SymbolicLink.target(of: path)
    let retired = TemporaryName.retired(path)
    if FileStatus(retired) != nil {
      if FileStatus(path) != nil {
        try? FileManager.default.removeItem(atPath: retired)
      } else {
        try FileStep.rename.perform(path) { rename(retired, path) }
      }
    }
    TemporaryName.removeAbandoned(beside: path)
  }

  /// Puts `new` in the place of `path`. Afterwards the old folder is at `new` (exchange) or retired (two renames).
  private static func swap(_ new: String, into path: String) throws(Fault) {
    guard FileStatus(path) != nil else {
      try FileStep.rename.perform(path) { rename(new, path) }
      return
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
      switch FileStatus(path)?.kind {
      case .folder?: try syncTree(path)
      case .file?:
        let descriptor = try FileStep.syncFile.perform(path) { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        defer { close(descriptor) }
        try FileStep.syncFile.perform(path) { fsync(descriptor) }
      default: break
      }
    }
    try PolyphonySupport.syncFolder(folder)
  }
}
