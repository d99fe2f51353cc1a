import Foundation

/// Keeps other processes out of an output folder for as long as this is held.
///
/// It is a lock of the system's on the folder itself, so it leaves no file behind and ends with the process, however that
/// ends. Within one process it may be taken again, by one thread after another. Where a file system knows no locks nobody is
/// kept out.
package final class FolderLock: Sendable {
  private struct Held {
    weak var lock: FolderLock?
  }
  private static let held = Locked<[String: Held]>([:])

  private let descriptor: Int32

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Locks a folder that exists; nil where it cannot be opened or locked for another reason than somebody's lock.
  /// - Throws: `Fault(.cannotWrite)` where another process holds it.
  package static func take(_ path: String) throws(Fault) -> FolderLock? {
    let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    let attempt: Result<FolderLock?, Fault> = held.update { held in
      if let lock = held[real]?.lock { return .success(lock) }
      held = held.filter { $0.value.lock != nil }
      let descriptor = open(real, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { return .success(nil) }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        let isTaken = errno == EWOULDBLOCK
        close(descriptor)
        guard isTaken else { return .success(nil) }
        return .failure(
          Fault(
            .cannotWrite, "another process is writing into the output folder", file: path,
            expected: "one run in a folder at a time",
            remedy: "wait for it to end or stop it, or choose another folder"))
      }
      let lock = FolderLock(descriptor)
      held[real] = Held(lock: lock)
      return .success(lock)
    }
    return try attempt.get()
  }
}
