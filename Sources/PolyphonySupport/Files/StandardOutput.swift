import Foundation

/// The standard output of the program. Every write is checked, and a text cannot change the terminal.
package enum StandardOutput {
  /// Writes a text with a newline behind it. Control characters in the lines are escaped.
  /// - Throws: The errors of `write(_:)`.
  package static func print(_ text: String = "", terminator: String = "\n") throws(Fault) {
    try write(text.escapingControlsInLines() + terminator)
  }

  /// Writes a text of the program itself, such as a script for a shell, as it is.
  ///
  /// If the reader of a pipe has gone, the process ends quietly by SIGPIPE, as Unix programs do.
  /// - Throws: `Fault(.cannotWrite)` with the system's words, for example on a full disk.
  package static func write(_ text: String) throws(Fault) {
    try withRawBytes(of: Array(text.utf8)) { (bytes) throws(Fault) in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = Foundation.write(STDOUT_FILENO, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count >= 0 {
          rest = rest.dropFirst(count)
        } else {
          try fail(errno)
        }
      }
    }
  }

  /// Keeps the numbers of streams that the parent process has closed. Otherwise a file of the program would get the
  /// number, and the results would go into it. A write to such a stream fails.
  package static func keepClosedStreams() {
    for number in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(number, F_GETFD) < 0 {
      _ = open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }

  /// Reports what the system says only when an output is closed, such as a full disk behind a network.
  package static func finish() throws(Fault) {
    let copy = dup(STDOUT_FILENO)
    if copy >= 0, close(copy) != 0 { try fail(errno) }
  }

  private static func fail(_ number: Int32) throws(Fault) {
    switch number {
    case EINTR: return
    case EAGAIN:
      var waiting = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
      _ = poll(&waiting, 1, -1)
    case EPIPE:
      // A parent process may have switched the signal off.
      signal(SIGPIPE, SIG_DFL)
      raise(SIGPIPE)
      exit(128 + SIGPIPE)
    default:
      throw Fault(
        .cannotWrite, "standard output cannot be written", found: describe(errno: number),
        remedy: number == ENOSPC ? "free some space, or write to another disk" : nil)
    }
  }
}
