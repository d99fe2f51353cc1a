import Foundation
import Torch

/// A run on a tracking server, as an observer of a training, tuning or adaptation.
final class TrackedRun: TrainingObserver, AdaptationObserver, Sendable {
  private let server: MLflowServer
  private let tracker: RunTracker
  private let name: String
  private let parameters: [(String, String)]
  private let tags: [(String, String)]
  private let start = TrackedRun.now
  private let state = Locked(State())

  private struct State {
    /// The values that have not been sent.
    var pending: [MLflowServer.Metric] = []
    /// The run on the server. Nil until the server has answered.
    var run: MLflowServer.Run?
    /// True once the server has the parameters.
    var hasParameters = false
    /// True while work that sends the values is on the queue.
    var isScheduled = false
    var step = 0
  }

  init(
    _ server: MLflowServer, _ tracker: RunTracker, name: String, parameters: [(String, String)],
    tags: [(String, String)]
  ) {
    (self.server, self.tracker, self.name, self.parameters, self.tags) = (server, tracker, name, parameters, tags)
    schedule()
  }

  // Each protocol calls one of the two.
  func didEndEpoch(_ record: EpochRecord) { add(record.values, step: record.step) }
  func didEnd(_ record: AdaptationRecord) { add(record.values, step: record.step) }

  /// Ends the run.
  ///
  /// - Parameters:
  ///   - status: how the run has ended.
  ///   - scores: the scores on the reported split.
  ///   - files: texts by name, which become artefacts.
  func end(
    _ status: MLflowServer.Status, scores: MetricValues = MetricValues(), files: [(name: String, text: String)] = []
  ) {
    var named = MetricValues()
    named.append(scores, prefix: "test/")
    collect(named, step: state.value.step)
    let time = Self.now
    tracker.perform(isLast: true) { () throws(Fault) in
      let run = try self.send()
      for file in files { try self.server.upload(Data(file.text.utf8), as: file.name, to: run) }
      try self.server.end(run, status, time: time)
    }
  }

  private static var now: Int { Int(Date().timeIntervalSince1970 * 1000) }

  private func add(_ values: MetricValues, step: Int) {
    collect(values, step: step)
    schedule()
  }

  private func collect(_ values: MetricValues, step: Int) {
    let time = Self.now
    let metrics = values.compactMap { name, value in
      value.map { MLflowServer.Metric(name: name, value: $0, step: step, time: time) }
    }
    state.update {
      $0.pending += metrics
      $0.step = step
    }
  }

  /// Puts the sending of all values on the queue, unless it is there already.
  private func schedule() {
    let isNew = state.update { state in
      defer { state.isScheduled = true }
      return !state.isScheduled
    }
    guard isNew else { return }
    tracker.perform(first: { self.state.update { $0.isScheduled = false } }) { () throws(Fault) in _ = try self.send() }
  }

  /// Sends what the server does not have yet. Runs on the tracker's queue alone.
  private func send() throws(Fault) -> MLflowServer.Run {
    var run = state.value.run
    if run == nil {
      run = try server.begin(name, time: start, tags: tags)
      state.update { $0.run = run }
    }
    guard let run else { throw Fault(.failure, "there is no run") }
    if !state.value.hasParameters {
      try server.log(parameters, to: run)
      state.update { $0.hasParameters = true }
    }
    let metrics = state.value.pending
    try server.log(metrics, to: run)
    state.update { $0.pending.removeFirst(metrics.count) }
    return run
  }
}
