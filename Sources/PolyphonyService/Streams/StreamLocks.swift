import Foundation
import PolyphonySupport

/// The locks by which services that share a folder keep out of each other's streams.
///
/// A lock is one byte of the file `.locks`, at a place that the stream's name gives. The system grants it to an open file
/// and takes it back when the file is closed, so a killed service holds none. The file itself stays empty.
final class StreamLocks: Sendable {
  /// A lock on one stream. It lasts as long as somebody has the object.
  final class Lock: Sendable {
    private let locks: StreamLocks
    private let place: UInt64

    fileprivate init(_ locks: StreamLocks, _ place: UInt64) { (self.locks, self.place) = (locks, place) }

    deinit { locks.release(place) }
  }

  /// The command of `fcntl` that locks a part of an open file (F_OFD_SETLK), which Swift's modules do not name everywhere.
  #if canImport(Darwin)
    private static let command: Int32 = 90
  #else
    private static let command: Int32 = 37
  #endif

  private let descriptor: Int32
  /// The number of objects for each place that this service has locked.
  private let held = Locked<[UInt64: Int]>([:])
  /// False on a file system without locks, where every service gets every lock.
  let areKept: Bool

  /// Opens the locks of a folder.
  init(_ folder: String) {
    descriptor = open("\(folder)/.locks", O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    // The last place is that of no stream.
    let probe = UInt64(Int64.max) - 1
    let answer = Self.set(F_WRLCK, probe, descriptor)
    areKept = answer == 0 || [EAGAIN, EACCES].contains(answer)
    if answer == 0 { _ = Self.set(F_UNLCK, probe, descriptor) }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Locks a stream, if no other service has it.
  /// - Returns: The lock, and whether this service did not have it before. Nil stands for the lock of another service.
  func take(_ stream: String) -> (lock: Lock, isNew: Bool)? {
    let place = Self.place(of: stream)
    let isNew: Bool? = held.update { held in
      if let count = held[place] {
        held[place] = count + 1
        return false
      }
      guard !areKept || Self.set(F_WRLCK, place, descriptor) == 0 else { return nil }
      held[place] = 1
      return true
    }
    return isNew.map { (Lock(self, place), $0) }
  }

  private func release(_ place: UInt64) {
    held.update { held in
      let count = (held[place] ?? 1) - 1
      held[place] = count > 0 ? count : nil
      if count == 0, areKept { _ = Self.set(F_UNLCK, place, descriptor) }
    }
  }

  /// The place of a stream's byte: the first 60 bits of its hash. Two streams of one place wait for each other.
  private static func place(of stream: String) -> UInt64 {
    UInt64(FileHash.sha256(stream.utf8).prefix(15), radix: 16) ?? 0
  }

  /// Locks or unlocks a byte without waiting.
  /// - Returns: 0, or the number of the error.
  private static func set(_ kind: Int32, _ place: UInt64, _ descriptor: Int32) -> Int32 {
    var range = flock()
    (range.l_type, range.l_whence) = (Int16(kind), Int16(SEEK_SET))
    (range.l_start, range.l_len) = (off_t(place), 1)
    while fcntl(descriptor, command, &range) != 0 {
      if errno != EINTR { return errno }
    }
    return 0
  }
}
