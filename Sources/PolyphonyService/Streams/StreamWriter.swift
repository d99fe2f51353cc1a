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
    init(_ saved: StreamRecord.Saved?) { self.saved = saved }
  }

  /// The most streams that wait. Beyond it, the caller waits for the disk, so that memory stays bounded.
  private static let most = 256

  let folder: StreamFolder
  private let metrics: StreamMetrics
  private let queue = DispatchQueue(label: "polyphony.streams")
  /// The streams whose files are older than they are. One leaves it when its file has been written.
  private let waiting = Locked<[String: Job]>([:])
  private let failed = Locked<Set<String>>([])

  init(_ folder: StreamFolder, metrics: StreamMetrics) { (self.folder, self.metrics) = (folder, metrics) }

  /// Writes a stream soon. Nil removes its file.
  func put(_ stream: String, _ saved: StreamRecord.Saved?) {
    let count = waiting.update { waiting in
      waiting[stream] = Job(saved)
      return waiting.count
    }
    queue.async { self.write(stream) }
    if count > Self.most { flush() }
  }

  private func write(_ stream: String) {
    // An earlier call may have written this state already.
    guard let job = waiting.value[stream] else { return }
    do throws(Fault) {
      try folder.write(stream, job.saved)
      if job.saved != nil { metrics.didSave() }
    } catch {
      if job.saved != nil { failed.update { _ = $0.insert(stream) } }
      metrics.didFail(job.saved == nil ? .removal : .save, error)
    }
    waiting.update { if $0[stream] === job { $0[stream] = nil } }
  }

  /// The latest state of a stream, from what waits or from its file. It is nil if there is none of this name.
  /// - Throws: The errors of ``StreamFolder/read(_:by:)``.
  func read(_ stream: String, by adaptation: StreamAdaptation) throws(Fault) -> StreamRecord.Saved? {
    if let job = waiting.value[stream] { return job.saved }
    return try folder.read(stream, by: adaptation)
  }

  /// The streams whose last writes have failed since the last call.
  func takeFailures() -> Set<String> {
    failed.update { failed in
      defer { failed = [] }
      return failed
    }
  }

  /// Waits until all that was put is on the disk, or has failed.
  func flush() { queue.sync {} }
}
