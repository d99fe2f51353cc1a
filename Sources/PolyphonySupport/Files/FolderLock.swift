import Foundation

/// A lock that keeps other processes out of an output folder while the object lives.
///
/// The system locks the folder itself, so no file remains, and the lock ends with the process in every case. One thread
/// after another may take it again within one process. On a file system without locks it keeps nobody out.
package final class FolderLock: Sendable {
  private struct Held {
    weak var lock: FolderLock?
  }
  private static let held = Locked<[String: Held]>([:])

  private let descriptor: Int32

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Locks an existing folder. It is nil if the folder cannot be opened, or cannot be locked for a reason other than a
  /// lock.
  /// - Throws: `Fault(.cannotWrite)` if another process holds the lock.
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
