import Dispatch
import Polyphony
import PolyphonySupport

/// Brings streams to the disk, while predictions go on.
///
/// A stream that waits for the disk may change or be asked for again. Then its latest state is the one that is written,
/// and the one that a reader gets.
final class StreamWriter: Sendable {
  /// A change of a stream's file.
  private final class Job: Sendable {
    /// Nil stands for the end of the stream.
    let saved: StreamRecord.Saved?
    let known: KnownVersion
    /// Keeps other services away from the stream until its file is written.
    let lock: StreamLocks.Lock?

    init(_ saved: StreamRecord.Saved?, _ known: KnownVersion, _ lock: StreamLocks.Lock?) {
      (self.saved, self.known, self.lock) = (saved, known, lock)
    }
  }

  /// The streams whose writes have failed.
  struct Failures: Sendable {
    /// The streams that are not on the disk, with their locks.
    var unsaved: [StreamName: StreamLocks.Lock?] = [:]
    /// The streams that other services have written in the meantime.
    var overtaken: Set<StreamName> = []
  }

  /// The most streams that wait. Beyond it, the caller waits for the disk, so that memory stays bounded.
  private static let most = 256

  let folder: StreamFolder
  private let metrics: StreamMetrics
  private let queue = DispatchQueue(label: "polyphony.streams")
  /// The streams whose files are older than they are. One leaves it when its file has been written.
  private let waiting = Locked<[StreamName: Job]>([:])
  private let failures = Locked(Failures())

  init(_ folder: StreamFolder, metrics: StreamMetrics) { (self.folder, self.metrics) = (folder, metrics) }

  /// Writes a stream soon. Nil removes its file.
  func put(
    _ stream: String, _ saved: StreamRecord.Saved?, _ known: KnownVersion, lock: StreamLocks.Lock?
  ) {
    let name = StreamName(stream)
    let count = waiting.update { waiting in
      waiting[name] = Job(saved, known, lock)
      return waiting.count
    }
    queue.async { self.write(name) }
    if count > Self.most { flush() }
  }

  private func write(_ stream: StreamName) {
    // An earlier call may have written this state already.
    guard let job = waiting.value[stream] else { return }
    do throws(Fault) {
      if !(try folder.write(stream.text, job.saved, job.known)) {
        failures.update { _ = $0.overtaken.insert(stream) }
      } else if job.saved != nil {
        metrics.didSave()
      }
    } catch {
      if job.saved != nil { failures.update { $0.unsaved[stream] = job.lock } }
      metrics.didFail(job.saved == nil ? .removal : .save, error)
    }
    waiting.update { if $0[stream] === job { $0[stream] = nil } }
  }

  /// The latest state of a stream, from what waits or from its file, and the version of its file. The state is nil if there
  /// is no stream of this name.
  /// - Throws: The errors of ``StreamFolder/read(_:by:)``.
  func read(
    _ stream: String, by adaptation: StreamAdaptation
  ) throws(Fault) -> (saved: StreamRecord.Saved?, known: KnownVersion) {
    if let job = waiting.value[StreamName(stream)] { return (job.saved, job.known) }
    let found = try folder.read(stream, by: adaptation)
    return (found?.saved, KnownVersion(found?.version))
  }

  /// The version of a stream's file, without its state. A damaged file has none.
  func known(_ stream: String) -> KnownVersion {
    if let job = waiting.value[StreamName(stream)] { return job.known }
    return KnownVersion((try? folder.version(of: stream)) ?? nil)
  }

  /// The streams whose writes have failed since the last call.
  func takeFailures() -> Failures {
    failures.update { failures in
      defer { failures = Failures() }
      return failures
    }
  }

  /// Waits until all that was put is on the disk, or has failed.
  func flush() { queue.sync {} }
}
