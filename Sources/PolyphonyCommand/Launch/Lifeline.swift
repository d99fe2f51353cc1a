import Foundation
import Polyphony

/// The pipe by which processes notice that their launcher is gone.
///
/// The launcher alone has the writing end. The system closes it however the launcher ends, even by SIGKILL. Each process
/// reads at the other end, where nothing ever comes but the end.
enum Lifeline {
  /// The variable with the descriptor of the reading end.
  private static let variable = "POLYPHONY_LIFELINE"

  /// Makes the pipe, and returns the variable for the processes that inherit its reading end.
  /// - Throws: `Fault(.failure)` without a free descriptor.
  static func make() throws(Fault) -> [String: String] {
    let reading = try ClosedPipe.make().reading
    _ = fcntl(reading, F_SETFD, 0)
    return [variable: "\(reading)"]
  }

  /// Asks this process to stop cleanly if its launcher goes, and ends it where that takes too long.
  ///
  /// Without the variable there is no launcher, and nothing happens.
  static func hold() {
    var status = stat()
    guard let text = getenv(variable), let descriptor = Int32(String(cString: text)), descriptor > STDERR_FILENO,
      fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFIFO
    else { return }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    Thread.detachNewThread {
      var byte: UInt8 = 0
      var count = -1
      repeat { count = read(descriptor, &byte, 1) } while count < 0 && errno == EINTR
      guard count == 0 else { return }
      kill(getpid(), SIGTERM)
      Thread.sleep(forTimeInterval: ProcessTeam.grace.inSeconds)
      kill(getpid(), SIGKILL)
    }
  }
}
