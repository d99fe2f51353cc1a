import Foundation
import Torch

/// The way of runs to a tracking server of MLflow.
///
/// All requests go out on a queue of their own, one after the other. So a run never waits for the server. A server that
/// does not answer costs one note, and the run goes on. Its figures are tried again with later ones, and at the end.
/// ``MethodGrid`` tells ``shared`` of its runs. A program calls ``finish()`` before it ends.
public final class RunTracker: Sendable {
  /// The tracker that `MLFLOW_TRACKING_URI` asks for. Nil if the variable is not set.
  public static let shared = RunTracker(ProcessInfo.processInfo.environment)

  /// The pause in seconds after a request without an answer.
  private static let pause = 5.0

  /// The server. Nil for an address of another kind.
  let server: MLflowServer?
  /// The name of runs. Nil if the user gives none.
  let runName: String?
  private let address: String
  private let queue = DispatchQueue(label: "polyphony.tracking", qos: .utility)
  private let note = Locked<@Sendable (String) -> Void>({ _ in })
  private let state = Locked(State())

  private struct State {
    var hasNoted = false
    var notBefore = 0.0
    var lost = 0
  }

  /// Reads `MLFLOW_TRACKING_URI` and the variables beside it. Returns nil without the variable.
  init?(_ environment: [String: String]) {
    guard let address = environment["MLFLOW_TRACKING_URI"], !address.isEmpty else { return nil }
    self.address = address
    server = MLflowServer(environment)
    runName = environment["MLFLOW_RUN_NAME"].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Takes a function that shows notes to the user. Without one, notes are lost.
  public func onNote(_ body: @escaping @Sendable (String) -> Void) { note.value = body }

  /// Waits a few seconds until the server has what was sent to it. Call it before the process ends.
  public func finish() {
    let done = DispatchSemaphore(value: 0)
    queue.async { done.signal() }
    let isDown = state.value.notBefore > 0
    if done.wait(timeout: .now() + (isDown ? 3 : 15)) == .timedOut || state.value.lost > 0 {
      note.value("MLflow: the last figures have not arrived at \(server?.name ?? "the server")")
    }
  }
}

// MARK: - The work of runs

extension RunTracker {
  /// Begins a run. Returns nil for a server that cannot be used.
  func begin(_ name: String, parameters: [(String, String)], tags: [(String, String)]) -> TrackedRun? {
    if let server {
      return TrackedRun(server, self, name: name, parameters: parameters, tags: tags)
    }
    let scheme = address.contains(":") ? String(address.prefix { $0 != ":" }) + ":" : "a path"
    warn("MLflow: MLFLOW_TRACKING_URI is \(scheme) here, and runs go to http and https alone; start «mlflow server»")
    return nil
  }

  /// Puts work on the queue. A server that has just failed gets a pause, unless this is the last chance.
  /// - Parameters:
  ///   - isLast: true if nothing will try the work again.
  ///   - first: is done in a pause too.
  ///   - work: the requests.
  func perform(
    isLast: Bool = false, first: @escaping @Sendable () -> Void = {},
    _ work: @escaping @Sendable () throws(Fault) -> Void
  ) {
    queue.async {
      first()
      guard isLast || Date().timeIntervalSince1970 >= self.state.value.notBefore else { return }
      do throws(Fault) {
        try work()
        self.state.update { $0.notBefore = 0 }
      } catch {
        let reason = [error.problem, error.found].compactMap(\.self).joined(separator: ": ")
        self.warn("MLflow at \(self.server?.name ?? "?"): \(reason.escapingControls()); the run goes on without it")
        self.state.update {
          $0.notBefore = Date().timeIntervalSince1970 + Self.pause
          if isLast { $0.lost += 1 }
        }
      }
    }
  }

  /// Shows the first note.
  private func warn(_ text: String) {
    let isFirst = state.update { state in
      defer { state.hasNoted = true }
      return !state.hasNoted
    }
    if isFirst { note.value(text) }
  }
}
