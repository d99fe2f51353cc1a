import Foundation
import Polyphony

/// Processes of one program that end together.
///
/// Each is the leader of a process group of its own. So Ctrl-C in a terminal reaches the launcher alone, and every process
/// gets each request once, from the launcher: a second one would end a training without its checkpoint. For the same
/// reason the launcher passes on Ctrl-Z, and the way back. The streams are those of the launcher.
struct ProcessTeam {
  /// The time that processes have for a clean end, once one of them has failed.
  static let grace = Duration.seconds(10)

  /// The process that failed first.
  struct Failure {
    let rank: Int
    let end: ProcessEnd
  }

  private var running: [(rank: Int, process: pid_t)] = []
  private var limit: ContinuousClock.Instant?
  /// Nil as long as no process has failed.
  private(set) var failure: Failure?
  /// True if a signal has asked the launcher to end.
  private(set) var isStopped = false
  /// The end of the first process that did what such a signal asks for.
  private(set) var stop: ProcessEnd?

  /// Starts a process with each of the environments.
  /// - Throws: `Fault(.failure)` if the system starts no further process. Those before it are ended.
  init(_ program: String, _ arguments: [String], environments: [[String: String]]) throws(Fault) {
    for (rank, environment) in environments.enumerated() {
      do throws(Fault) {
        running.append((rank, try Self.spawn(program, arguments, environment)))
      } catch {
        endAll()
        throw error
      }
    }
  }

  /// Waits until all processes have ended. The first one that fails takes the others with it.
  /// - Parameters:
  ///   - interval: the time between two calls of `watch`. Without it there are none.
  ///   - watch: looks at what the processes do.
  mutating func wait(every interval: Duration? = nil, _ watch: () -> Void = {}) {
    while !running.isEmpty {
      let look = interval.map { ContinuousClock.now + $0 }
      switch ArrivedSignals.next(until: [limit, look].compactMap(\.self).min()) {
      case nil where limit.map({ $0 > .now }) ?? (interval != nil): watch()
      case nil:
        limit = nil
        for (_, process) in running { kill(-process, SIGKILL) }
      case SIGTSTP: pause()
      case let number? where ArrivedSignals.requests.contains(number):
        isStopped = true
        send(number)
      default: break
      }
      // A request that reached the processes too comes before their end.
      reap()
    }
  }

  /// Takes note of the processes that have ended.
  private mutating func reap() {
    for (rank, process) in running {
      var number: Int32 = 0
      guard waitpid(process, &number, WNOHANG) == process else { continue }
      running.removeAll { $0.process == process }
      let end = ProcessEnd(waited: number)
      if isStopped, ArrivedSignals.requests.contains(end.code - 128) {
        stop = stop ?? end
      } else if end != .status(0), failure == nil {
        failure = Failure(rank: rank, end: end)
        limit = .now + Self.grace
        // After a request, the others are on the way to a clean end already.
        if !isStopped { send(SIGTERM) }
      }
    }
  }

  private func send(_ signal: Int32) {
    for (_, process) in running { kill(process, signal) }
  }

  /// Stops the processes with the launcher, as a shell expects it, until the launcher goes on.
  private mutating func pause() {
    send(SIGSTOP)
    let start = ContinuousClock.now
    kill(getpid(), SIGSTOP)
    send(SIGCONT)
    limit = limit.map { $0 + (.now - start) }
  }

  /// Ends all processes at once.
  private mutating func endAll() {
    for (_, process) in running {
      kill(-process, SIGKILL)
      while waitpid(process, nil, 0) < 0, errno == EINTR {}
    }
    running = []
  }

  private static func spawn(
    _ program: String, _ arguments: [String], _ environment: [String: String]
  ) throws(Fault) -> pid_t {
    #if canImport(Darwin)
      var attributes: posix_spawnattr_t?
    #else
      var attributes = posix_spawnattr_t()
    #endif
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
    let words = ([program] + arguments).map { strdup($0) } + [nil]
    let variables = environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { for text in words + variables { free(text) } }
    var process: pid_t = 0
    let reason = posix_spawn(&process, program, nil, &attributes, words, variables)
    guard reason == 0 else {
      throw Fault(.failure, "a process cannot be started", file: program, found: describe(errno: reason))
    }
    return process
  }
}
