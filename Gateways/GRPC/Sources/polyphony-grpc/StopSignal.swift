import Dispatch
import Foundation

/// The signals that stop the program: SIGTERM and SIGINT.
struct StopSignal: Sendable {
  private let arrivals: AsyncStream<Void>

  /// Listens from now on.
  init() {
    arrivals = AsyncStream { arrival in
      for number in [SIGTERM, SIGINT] {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number)
        source.setEventHandler { arrival.yield() }
        // The handler keeps the source, which nobody else holds.
        source.setCancelHandler { _ = source }
        source.resume()
      }
    }
  }

  /// Waits for a signal.
  func wait() async {
    for await _ in arrivals { return }
  }
}
