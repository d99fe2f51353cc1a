import PolyphonySupport

/// The counts of a model's streams since the service started.
final class StreamMetrics: Sendable {
  /// The counts.
  struct Counts: Sendable {
    /// Streams in memory, and the bytes of one state.
    var (streams, bytes) = (0, 0)
    /// Samples that streams have learned from, batches that the guard has refused, and resets by clients.
    var (samples, returns, resets) = (0, 0, 0)
    /// Streams that left the memory for the folder, and streams that were lost.
    var (evicted, lost) = (0, 0)
    /// Files of streams that were written.
    var saves = 0
    var failures = 0
    /// The drift of the latest batch by modality.
    var drift: [String: Double] = [:]
    var shadow = ShadowReport()
    /// True from a failure until the next save.
    var isFailing = false
  }

  private let stored = Locked(Counts())
  private let warn: @Sendable (String) -> Void

  /// - Parameter warn: receives a sentence for the operator.
  init(warn: @escaping @Sendable (String) -> Void) { self.warn = warn }

  var counts: Counts { stored.value }

  /// Changes some counts.
  func update(_ body: (inout Counts) -> Void) { stored.update { body(&$0) } }

  /// Counts a failure. The operator learns of the first one after a success.
  func didFail(_ problem: String, _ fault: Fault) {
    let isFirst = stored.update { counts in
      counts.failures += 1
      defer { counts.isFailing = true }
      return !counts.isFailing
    }
    guard isFirst else { return }
    let reasons = [fault.problem, fault.file, fault.key, fault.found].compactMap(\.self).joined(separator: ", ")
    warn("warning: \(problem): \(reasons); the service goes on, and /metrics counts further failures")
  }

  /// Counts a file of a stream that was written.
  func didSave() {
    let wasFailing = stored.update { counts in
      counts.saves += 1
      defer { counts.isFailing = false }
      return counts.isFailing
    }
    if wasFailing { warn("note: the states of streams are saved again") }
  }
}
