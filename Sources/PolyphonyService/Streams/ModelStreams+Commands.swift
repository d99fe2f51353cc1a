import Polyphony

extension ModelStreams {
  /// A command of a client for a stream.
  enum Command: String, CaseIterable {
    case pin, unpin, snapshot, rollback, reset, export
  }

  /// All streams in memory.
  var documents: OrderedJSON { .array(streams.values.sorted { $0.id < $1.id }.map(document)) }

  private func document(_ stream: StreamRecord) -> OrderedJSON { stream.document(waiting: waiting(for: stream)) }

  private func known(_ id: String) throws(HTTPError) -> StreamRecord {
    guard let stream = try find(id) else { throw HTTPError(404, "there is no stream of this name") }
    return stream
  }

  /// A stream with all that it has learned from.
  /// - Throws: `HTTPError(404)` for an unknown stream.
  func document(of id: String) throws(HTTPError) -> OrderedJSON {
    let stream = try known(id)
    defer { settle(stream) }
    learn(stream)
    return document(stream)
  }

  /// Carries a command out.
  /// - Returns: The stream afterwards.
  /// - Throws: `HTTPError(404)` for an unknown stream, `HTTPError(409)` for a rollback without snapshot and for an export
  ///   without folder.
  func run(_ command: Command, _ id: String) throws(HTTPError) -> OrderedJSON {
    let stream = try known(id)
    defer { settle(stream) }
    switch command {
    case .rollback, .reset: break
    // The client means the state after the batches that wait.
    case .pin, .unpin, .snapshot, .export: learn(stream)
    }
    switch command {
    case .pin: stream.isPinned = true
    case .unpin: stream.isPinned = false
    case .snapshot: stream.takeSnapshot()
    case .rollback:
      guard stream.rollBack() else { throw HTTPError(409, "the stream has no snapshot") }
      dropLessons(of: stream)
    case .reset:
      stream.reset(to: adaptation.source)
      dropLessons(of: stream)
      metrics.update { $0.resets += 1 }
    case .export: return stream.document(waiting: 0, adapter: try export(stream))
    }
    didChange(stream)
    return document(stream)
  }

  /// Writes what a stream has learned as an adapter folder. It takes the disk's time on the inference thread, because
  /// the model has the state of the stream meanwhile.
  /// - Returns: The folder's name below that of all streams.
  private func export(_ stream: StreamRecord) throws(HTTPError) -> String {
    guard let folder = writer?.folder else { throw HTTPError(409, "the service has no folder for streams (--state)") }
    do throws(Fault) {
      let (path, name) = try folder.adapter(stream.id)
      try adapted.export(stream.state, to: path)
      return name
    } catch {
      metrics.didFail(.export, error)
      throw HTTPError(500, "the adapter of the stream cannot be written")
    }
  }
}
