import Foundation

/// The user's request to end the process (SIGINT, SIGTERM). Training checks it between two steps.
///
/// The first signal requests a clean stop with a checkpoint. A second signal ends the process as usual.
///
/// ```swift
/// StopSignal.listen()
/// let outcome = try trainer.run(resume: true)
/// if outcome.wasStopped { print("stopped after epoch \(outcome.epochs)") }
/// ```
public enum StopSignal {
  /// Treats SIGINT and SIGTERM as requests to stop cleanly, from now on.
  public static func listen() {
    // The parent process may have blocked the signals. Processes that start others from worker threads do so.
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

  /// True after the first signal.
  public static var isRequested: Bool { received != 0 }

  // A signal handler writes this variable. A plain store is the only operation that is allowed there.
  nonisolated(unsafe) private static var received: Int32 = 0
}
