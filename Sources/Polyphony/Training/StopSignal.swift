import Foundation

/// Whether the user has asked the process to end (SIGINT, SIGTERM); training looks at it between two steps.
///
/// The first signal asks for a clean stop with a checkpoint; a second one ends the process as usual.
public enum StopSignal {
  /// Starts to take SIGINT and SIGTERM as a request to stop cleanly.
  public static func listen() {
    // A parent may have blocked them, as those do that start processes from worker threads.
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM] { sigaddset(&signals, number) }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        StopSignal.received = number
        signal(number, SIG_DFL)
      }
    }
  }

  /// Whether a stop has been asked for.
  public static var isRequested: Bool { received != 0 }

  // Written in a signal handler, where nothing but a plain store is allowed.
  nonisolated(unsafe) private static var received: Int32 = 0
}
