import Polyphony

/// A stream in memory.
final class StreamRecord {
  /// The part of a stream that outlives its place in memory.
  struct Saved: Sendable {
    /// The present state and the snapshots, the latest one last.
    var states: [StreamAdaptation.State]
    var isPinned = false
  }

  /// The most earlier states of a stream that are kept.
  static let mostSnapshots = 4
  /// The number of batches between two snapshots.
  private static let interval = 64

  let id: String
  /// The state after all batches that the stream has learned from.
  private(set) var state: StreamAdaptation.State
  /// True while the stream does not learn.
  var isPinned: Bool
  /// True if neither the file of the stream nor its writer has the present state.
  var isUnsaved = false
  /// The version of the stream's file.
  let known: KnownVersion
  /// Keeps other services away while the stream has something that is not on its way to the disk.
  var lock: StreamLocks.Lock?
  /// The number of the request that used the stream last.
  var lastUse = 0
  /// The comparison of the source's answers with those of the stream.
  var shadow = ShadowReport()
  private var snapshots: [StreamAdaptation.State]

  init(_ id: String, _ saved: Saved, _ known: KnownVersion) {
    (self.id, isPinned, self.known) = (id, saved.isPinned, known)
    (state, snapshots) = (saved.states[0], Array(saved.states.dropFirst()))
  }

  /// The part that outlives the stream's place in memory.
  var saved: Saved { Saved(states: [state] + snapshots, isPinned: isPinned) }

  /// Takes the state after a batch.
  func learn(_ next: StreamAdaptation.State) {
    if state.steps % Self.interval == 0 { takeSnapshot() }
    state = next
  }

  /// Keeps the present state for a rollback.
  func takeSnapshot() { snapshots = Array((snapshots + [state]).suffix(Self.mostSnapshots)) }

  /// Returns to the latest snapshot. False if there is none.
  func rollBack() -> Bool {
    guard let state = snapshots.popLast() else { return false }
    self.state = state
    return true
  }

  /// Forgets everything that was learned.
  func reset(to source: StreamAdaptation.State) { (state, snapshots) = (source, []) }

  /// The stream for clients.
  /// - Parameters:
  ///   - waiting: the number of batches that the stream will learn from.
  ///   - adapter: the folder of an adapter that has just been written.
  func document(waiting: Int, adapter: String? = nil) -> OrderedJSON {
    .object(
      [
        .init("id", .string(id)), .init("samples", .integer(state.samples)),
        .init("skipped", .integer(state.skipped)), .init("batches", .integer(state.steps)),
        .init("returns", .integer(state.returns)), .init("pinned", .bool(isPinned)),
        .init("waiting", .integer(waiting)), .init("snapshots", .integer(snapshots.count)),
        .init("drift", .object(state.drift.sorted { $0.key < $1.key }.map { .init($0.key, .number($0.value)) })),
      ] + (shadow.samples > 0 ? [.init("shadow", shadow.document)] : [])
        + (adapter.map { [.init("adapter", .string($0))] } ?? []))
  }
}
