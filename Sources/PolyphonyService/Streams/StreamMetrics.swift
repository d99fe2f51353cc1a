import PolyphonySupport

/// The counts of a model's streams since the service started.
final class StreamMetrics: Sendable {
  /// The counts.
  struct Counts: Sendable {
    /// Streams in memory, and the bytes of one state.
    var (streams, bytes) = (0, 0)
    /// Samples that streams have learned from, batches that the guard has refused, and resets by clients.
    var (samples, returns, resets) = (0, 0, 0)
    /// Samples of requests that were too small to learn from.
    var skipped = 0
    /// Streams that left the memory for the folder, and streams that were lost.
    var (evicted, lost) = (0, 0)
    /// Requests whose stream another service had, and states that another service has overtaken.
    var (elsewhere, overtaken) = (0, 0)
    /// Files of streams that were written.
    var saves = 0
    var failures = 0
    /// The drift of the latest batch by modality.
    var drift: [String: Double] = [:]
    var shadow = ShadowReport()
    /// The problems that the operator knows of.
    var problems: Set<Problem> = []
  }

  /// The kinds of failures.
  enum Problem: String {
    case save = "the state of a stream cannot be saved"
    case removal = "the file of a stream cannot be removed"
    case read = "the state of a stream cannot be read"
    case export = "the adapter of a stream cannot be written"
    case learning = "a stream cannot learn"
    case answer = "a stream cannot answer"
  }

  private let stored = Locked(Counts())
  private let warn: @Sendable (String) -> Void

  /// - Parameter warn: receives a sentence for the operator.
  init(warn: @escaping @Sendable (String) -> Void) { self.warn = warn }

  var counts: Counts { stored.value }

  /// Changes some counts.
  func update(_ body: (inout Counts) -> Void) { stored.update { body(&$0) } }

  /// Counts a failure. The operator learns of the first one of its kind, and of the first one after a save.
  func didFail(_ problem: Problem, _ fault: Fault) {
    let isFirst = stored.update { counts in
      counts.failures += 1
      return counts.problems.insert(problem).inserted
    }
    guard isFirst else { return }
    let reasons = [fault.problem, fault.file, fault.key, fault.found].compactMap(\.self).joined(separator: ", ")
    warn("warning: \(problem.rawValue): \(reasons); the service goes on, and /metrics counts further failures")
  }

  /// Counts a file of a stream that was written.
  func didSave() {
    let isRepaired = stored.update { counts in
      counts.saves += 1
      return counts.problems.remove(.save) != nil
    }
    if isRepaired { warn("note: the states of streams are saved again") }
  }
}
