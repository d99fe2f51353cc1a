import Foundation
import Polyphony

/// The signals that reach this process, one after another.
///
/// A handler writes the number of each into a pipe. The program waits at the other end for a limited time, and needs no
/// processor time meanwhile.
enum ArrivedSignals {
  /// The signals by which users, shells and schedulers ask a program to end.
  static let requests = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

  /// Collects signals from now on.
  ///
  /// Processes that start later have the system's own handling. They are in the background of the terminal, so SIGTTIN and
  /// SIGTTOU are ignored: such a process may write whatever `stty tostop` says, and it never stops at a read.
  /// - Throws: `Fault(.failure)` without a free descriptor.
  static func listen() throws(Fault) {
    (receiver, sender) = try ClosedPipe.make()
    _ = fcntl(sender, F_SETFL, fcntl(sender, F_GETFL) | O_NONBLOCK)
    earlier = [:]
    // The parent process may have blocked the signals.
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGCHLD, SIGTSTP] + requests { sigaddset(&signals, number) }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    for number in [SIGCHLD, SIGTSTP] + requests {
      let before = signal(number) { number in
        let error = errno
        var byte = UInt8(truncatingIfNeeded: number)
        _ = write(ArrivedSignals.sender, &byte, 1)
        errno = error
      }
      earlier.updateValue(before, forKey: number)
      // What `nohup` or a shell without job control has switched off stays so.
      let wasIgnored = unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
      if wasIgnored, [SIGHUP, SIGQUIT, SIGTSTP].contains(number) { signal(number, SIG_IGN) }
    }
    for number in [SIGTTIN, SIGTTOU] { signal(number, SIG_IGN) }
  }

  /// Gives the signals back to those who had them before ``listen()``.
  /// - Returns: True if a request to end has arrived since the last call of ``next(until:)``.
  static func end() -> Bool {
    for (number, handler) in earlier { signal(number, handler) }
    earlier = [:]
    var isRequested = false
    while let number = next(until: .now) { isRequested = isRequested || requests.contains(number) }
    return isRequested
  }

  /// Waits for the next signal. It is nil if none comes in time.
  static func next(until limit: ContinuousClock.Instant?) -> Int32? {
    while true {
      let rest = limit.map { max(0, ($0 - .now).inSeconds * 1000).rounded(.up) }
      var entry = pollfd(fd: receiver, events: Int16(POLLIN), revents: 0)
      let count = poll(&entry, 1, rest.map { Int32($0) } ?? -1)
      var number: UInt8 = 0
      if count > 0, read(receiver, &number, 1) == 1 { return Int32(number) }
      if count == 0 { return nil }
    }
  }

  // The handler reads this variable. A plain load and `write` are allowed there.
  nonisolated(unsafe) private static var sender: Int32 = -1
  nonisolated(unsafe) private static var receiver: Int32 = -1
  nonisolated(unsafe) private static var earlier: [Int32: (@convention(c) (Int32) -> Void)?] = [:]
}

/// A pipe whose ends no process inherits.
enum ClosedPipe {
  static func make() throws(Fault) -> (reading: Int32, writing: Int32) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      throw Fault(.failure, "the processes cannot be watched", found: describe(errno: errno))
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }
}
