import Dispatch
import Polyphony
import Torch

/// The streams of a model, each with its own adaptation. Only the first inference thread uses them.
///
/// A request is predicted first, and gets its answer. The stream learns from it later, when no request waits, after a
/// second, or before its own next request. Streams beyond the limit go to the folder, the least recently used first.
final class ModelStreams: @unchecked Sendable {
  /// A batch that a stream will learn from.
  private struct Lesson {
    let stream: StreamRecord
    let inputs: Inputs
    let prediction: Tensor
    /// The time from which requests of others wait for it.
    var time: UInt64
  }

  /// The most batches that wait to be learned from. With so many, a request learns before it predicts.
  private static let mostLessons = 64
  /// The seconds until it is clear whether another thread has taken the requests that wait.
  private static let patience = 0.01
  /// The nanoseconds from an answer to the lesson at the latest, and from a change of a stream to its save.
  private var delay: UInt64 = 1_000_000_000

  let metrics: StreamMetrics
  /// True if the source answers all requests.
  let isShadow: Bool
  let adapted: AdaptedStreams
  /// Brings streams to their folder. It is nil without one.
  let writer: StreamWriter?
  private let reader: SampleReader
  private let device: Device
  private let most: Int
  private(set) var streams: [StreamName: StreamRecord] = [:]
  private var lessons: [Lesson] = []
  /// The streams that have changed, with the times of their saves, the earliest first.
  private var unsaved: [(stream: StreamRecord, time: UInt64)] = []
  private var uses = 0
  private var isClosed = false

  var adaptation: StreamAdaptation { adapted.adaptation }

  /// Reads a model for streams, beside the one for other requests.
  /// - Throws: The errors of the model's folder, of the method, and of the folder for streams.
  init(
    _ source: ModelSource, _ options: StreamOptions, reader: SampleReader, device: Device, metrics: StreamMetrics,
    warn: (String) -> Void
  ) throws(Fault) {
    (self.reader, self.device, self.metrics) = (reader, device, metrics)
    (most, isShadow) = (options.most, options.isShadow)
    let base = try ModelWithAdapter(source.folder, adapter: source.adapter, device: device)
    let identity = try base.identity()
    writer = try options.folder.map { (folder) throws(Fault) in
      let own = try StreamFolder(folder, model: source.name, method: options.method, identity: identity)
      if !own.locks.areKept {
        warn("note: the folder \(folder) has no locks, so one service at a time may use it")
      }
      return StreamWriter(own, metrics: metrics)
    }
    let example = RequestBatch([reader.zeros()], reader.modalities).inputs.to(device)
    adapted = try AdaptedStreams(base, method: options.method, example: example, device: device)
    let bytes = adaptation.source.byteCount
    metrics.update { $0.bytes = bytes }
  }

  // MARK: - Requests

  /// Predicts the samples of a stream as it has learned so far.
  /// - Parameter isShadow: true for the answers of the source, with those of the stream beside them.
  /// - Throws: `HTTPError(400)` for a prediction that is not finite, `HTTPError(503)` for a stream that cannot be read now
  ///   or that another service has.
  func predict(_ samples: Samples, _ mark: SequenceMark, isShadow: Bool) throws(HTTPError) -> [OutputTensor] {
    let stream = try open(mark)
    defer { settle(stream) }
    while lessons.count >= Self.mostLessons { learn(lessons.removeFirst()) }
    learn(stream)
    let inputs = RequestBatch([samples], reader.modalities).inputs.to(device)
    let (own, prediction) = try outputs(of: inputs, as: stream.state)
    if mark.ends {
      forget(stream)
    } else if !stream.isPinned, case .success = own {
      // Samples whose prediction is no number would spoil the stream.
      lessons.append(Lesson(stream: stream, inputs: inputs, prediction: prediction, time: due))
    }
    guard isShadow else { return try own.get() }
    let source = try outputs(of: inputs, as: adaptation.source).outputs.get()
    guard case .success(let adapted) = own else { return source }
    stream.shadow.add(source: source, adapted: adapted)
    metrics.update { $0.shadow.add(source: source, adapted: adapted) }
    return source + adapted.filter { Self.isShadowed($0.name) }.map { $0.named(Self.shadow($0.name)) }
  }

  private func outputs(
    of inputs: Inputs, as state: StreamAdaptation.State
  ) throws(HTTPError) -> (outputs: Result<[OutputTensor], HTTPError>, prediction: Tensor) {
    let model: MultimodalModel
    do throws(Fault) {
      model = try adaptation.model(as: state)
    } catch {
      metrics.didFail(.answer, error)
      throw HTTPError(500, "the stream has failed")
    }
    let output = noGrad { model(inputs) }
    let outputs = ServedModel.answers(
      [inputs.count], inputs, output.prediction.to(.cpu), output.pooled.to(.cpu), model.configuration)
    return (outputs[0], output.prediction)
  }

  /// The stream of a request: in memory, in the folder, or new.
  private func open(_ mark: SequenceMark) throws(HTTPError) -> StreamRecord {
    let found = mark.starts ? nil : try find(mark.id)
    if let found { return found }
    let lock = try own(mark.id)
    var known = KnownVersion(nil)
    if mark.starts, let stream = streams[StreamName(mark.id)] {
      known = stream.known
      forget(stream)
    } else if let writer {
      known = writer.known(mark.id)
      if known.value != nil { writer.put(mark.id, nil, known, lock: lock) }
    }
    let stream = keep(StreamRecord(mark.id, .init(states: [adaptation.source]), known))
    stream.lock = lock
    return stream
  }

  /// The stream of a name, in memory and locked from now on. It is nil if there is none.
  /// - Throws: `HTTPError(503)` for a stream that cannot be read now or that another service has, and for a model that goes
  ///   out of service.
  func find(_ id: String) throws(HTTPError) -> StreamRecord? {
    let lock = try own(id)
    var stream = streams[StreamName(id)]
    if stream == nil, let writer {
      do throws(Fault) {
        let (saved, known) = try writer.read(id, by: adaptation)
        stream = saved.map { keep(StreamRecord(id, $0, known)) }
      } catch {
        metrics.didFail(.read, error)
        guard error.kind == .badData else {
          throw HTTPError(503, "the stream cannot be read now", fields: [("Retry-After", "1")])
        }
        // A stream whose file is damaged or belongs to other weights begins anew.
        writer.folder.setAside(id)
      }
    }
    stream?.lock = lock
    return stream.map(use)
  }

  /// Locks a stream. If another service has written it in the meantime, what is in memory is too old and is dropped.
  /// - Returns: The lock. It is nil without a folder.
  /// - Throws: `HTTPError(503)` if another service has the stream, or if the model goes out of service.
  private func own(_ id: String) throws(HTTPError) -> StreamLocks.Lock? {
    guard !isClosed else {
      throw HTTPError(503, "the model is being loaded or unloaded", fields: [("Retry-After", "1")])
    }
    guard let folder = writer?.folder else { return nil }
    guard let (lock, isNew) = folder.locks.take(id) else {
      metrics.update { $0.elsewhere += 1 }
      throw HTTPError(503, "another service has the stream", fields: [("Retry-After", "1")])
    }
    if isNew, let stream = streams[StreamName(id)], !folder.isLatest(id, stream.known) { drop(id) }
    return lock
  }

  /// Lets other services have a stream, once all that it has learned is on its way to the disk.
  func settle(_ stream: StreamRecord) {
    if !stream.isUnsaved, waiting(for: stream) == 0 { stream.lock = nil }
  }

  private func use(_ stream: StreamRecord) -> StreamRecord {
    uses += 1
    stream.lastUse = uses
    return stream
  }

  /// Takes a stream into memory.
  private func keep(_ stream: StreamRecord) -> StreamRecord {
    while streams.count >= most, let oldest = streams.values.min(by: { $0.lastUse < $1.lastUse }) { evict(oldest) }
    streams[StreamName(stream.id)] = stream
    metrics.update { $0.streams = streams.count }
    return use(stream)
  }

  private func evict(_ stream: StreamRecord) {
    learn(stream)
    save(stream)
    streams[StreamName(stream.id)] = nil
    metrics.update { writer == nil ? ($0.lost += 1) : ($0.evicted += 1) }
  }

  /// Forgets a stream, and removes its file.
  private func forget(_ stream: StreamRecord) {
    writer?.put(stream.id, nil, stream.known, lock: stream.lock)
    drop(stream.id)
  }

  /// Takes a stream from memory, and leaves its file as it is.
  private func drop(_ id: String) {
    guard let stream = streams.removeValue(forKey: StreamName(id)) else { return }
    dropLessons(of: stream)
    (stream.isUnsaved, stream.lock) = (false, nil)
    metrics.update { $0.streams = streams.count }
  }

  // MARK: - Learning

  /// Lets a stream learn from all that waits.
  func learn(_ stream: StreamRecord) {
    guard waiting(for: stream) > 0 else { return }
    let own = lessons.filter { $0.stream === stream }
    dropLessons(of: stream)
    for lesson in own { learn(lesson) }
  }

  private func learn(_ lesson: Lesson) {
    let stream = lesson.stream
    let next: StreamAdaptation.State
    do throws(Fault) {
      next = try adaptation.learned(lesson.inputs, lesson.prediction, from: stream.state)
    } catch {
      settle(stream)
      return metrics.didFail(.learning, error)
    }
    metrics.update { counts in
      counts.samples += next.samples - stream.state.samples
      counts.skipped += next.skipped - stream.state.skipped
      counts.returns += next.returns - stream.state.returns
      if !next.drift.isEmpty { counts.drift = next.drift }
    }
    stream.learn(next)
    didChange(stream)
  }

  /// The number of batches that a stream will learn from.
  func waiting(for stream: StreamRecord) -> Int { lessons.count { $0.stream === stream } }

  /// Forgets the batches that a stream has not learned from.
  func dropLessons(of stream: StreamRecord) { lessons.removeAll { $0.stream === stream } }

  /// Saves streams whose time has come. Learns from one batch too, if no request waits or the batch has waited a second.
  /// - Returns: The seconds until there is more. It is nil if there is nothing more.
  func work(isIdle: Bool) -> Double? {
    let seconds = saveDue()
    guard let lesson = lessons.first else { return seconds }
    guard isIdle || lesson.time <= DispatchTime.now().uptimeNanoseconds else {
      return min(seconds ?? .infinity, Self.patience)
    }
    learn(lessons.removeFirst())
    return 0
  }

  // MARK: - Saving

  private var due: UInt64 { DispatchTime.now().uptimeNanoseconds + delay }

  /// Notes that a stream has changed, and saves it soon.
  func didChange(_ stream: StreamRecord) {
    guard writer != nil, !stream.isUnsaved else { return }
    stream.isUnsaved = true
    unsaved.append((stream, due))
  }

  private func save(_ stream: StreamRecord) {
    guard stream.isUnsaved else { return }
    stream.isUnsaved = false
    writer?.put(stream.id, stream.saved, stream.known, lock: stream.lock)
    settle(stream)
  }

  /// Learns and saves at once from now on, so that other services can go on with the streams.
  func hurry() {
    delay = 0
    for place in lessons.indices { lessons[place].time = 0 }
    unsaved = unsaved.map { ($0.stream, 0) }
  }

  /// Saves streams whose time has come, and returns the seconds until the next one.
  private func saveDue() -> Double? {
    takeFailures()
    let now = DispatchTime.now().uptimeNanoseconds
    while let (stream, time) = unsaved.first {
      // One that went to the folder in the meantime needs no other save.
      guard !stream.isUnsaved || time <= now else { return Double(time - now) / 1e9 }
      unsaved.removeFirst()
      save(stream)
    }
    return nil
  }

  private func takeFailures() {
    guard let failures = writer?.takeFailures() else { return }
    for (id, lock) in failures.unsaved {
      guard let stream = streams[id] else {
        metrics.update { $0.lost += 1 }
        continue
      }
      stream.lock = stream.lock ?? lock
      didChange(stream)
    }
    // The file of another service has the newer state.
    for id in failures.overtaken {
      metrics.update { $0.overtaken += 1 }
      drop(id.text)
    }
  }

  /// Learns from all that waits, brings it to the disk, and takes no further request.
  func close() {
    isClosed = true
    for stream in streams.values {
      learn(stream)
      save(stream)
    }
    streams = [:]
    metrics.update { $0.streams = 0 }
    writer?.flush()
  }
}
