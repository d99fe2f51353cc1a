import PolyphonySupport
import Torch

/// The models of a service by their names, loaded or not.
final class ModelRepository: @unchecked Sendable {
  /// A model and its state.
  struct Entry {
    let source: ModelSource
    let metrics: ModelMetrics
    /// It is nil while the model is not loaded.
    var model: ServedModel?
    /// The reason why the model is not loaded.
    var reason = ""
  }

  private let entries: Locked<[Entry]>
  /// One load at a time, because a load takes the memory of a model.
  private let loading = Locked(())
  private let make: @Sendable (ModelSource, ModelMetrics) throws(Fault) -> ServedModel

  /// Loads all models.
  /// - Throws: The errors of the first one that cannot be read.
  init(
    _ sources: [ModelSource], warn: @escaping @Sendable (String) -> Void = { _ in },
    _ make: @escaping @Sendable (ModelSource, ModelMetrics) throws(Fault) -> ServedModel
  ) throws(Fault) {
    var entries: [Entry] = []
    for source in sources {
      let metrics = ModelMetrics(model: source.name, warn: warn)
      entries.append(Entry(source: source, metrics: metrics, model: try make(source, metrics)))
    }
    (self.entries, self.make) = (Locked(entries), make)
  }

  /// All models in the order of the command line.
  var all: [Entry] { entries.value }

  /// True if every model is loaded.
  var isReady: Bool { all.allSatisfy { $0.model != nil } }

  /// The entry of a name.
  /// - Throws: `HTTPError(404)`.
  func entry(_ name: String) throws(HTTPError) -> Entry {
    guard let entry = all.first(where: { $0.source.name == name }) else {
      throw HTTPError(404, "there is no model \(name.prefix(80).escapingControls())")
    }
    return entry
  }

  /// The model of a name.
  /// - Throws: `HTTPError(404)` for an unknown name, `HTTPError(503)` for a model that is not loaded.
  func model(_ name: String) throws(HTTPError) -> ServedModel {
    guard let model = try entry(name).model else { throw HTTPError(503, "the model \(name) is not loaded") }
    return model
  }

  /// Reads a model's folder anew. The model in memory serves until the new one is there.
  /// - Throws: `HTTPError(404)` for an unknown name, `HTTPError(400)` for a folder that cannot be read.
  func load(_ name: String, on inference: InferenceThreads) throws(HTTPError) {
    let entry = try entry(name)
    let outcome = loading.update { _ in
      Result { () throws(Fault) in try make(entry.source, entry.metrics) }
    }
    switch outcome {
    case .success(let model): try replace(name, by: model, on: inference)
    case .failure(let fault):
      let error = HTTPError(400, fault)
      update(name) { if $0.model == nil { $0.reason = error.message } }
      throw error
    }
  }

  /// Takes a model out of service. Requests that have it get their answers.
  /// - Throws: `HTTPError(404)` for an unknown name.
  func unload(_ name: String, on inference: InferenceThreads) throws(HTTPError) {
    _ = try entry(name)
    try replace(name, by: nil, on: inference, reason: "unloaded")
  }

  /// Puts a model in the place of another one. The new one finds all streams of the old one in their folder.
  private func replace(
    _ name: String, by model: ServedModel?, on inference: InferenceThreads, reason: String = ""
  ) throws(HTTPError) {
    try inference.perform { () throws(HTTPError) in
      try self.entry(name).model?.streams?.close()
      self.update(name) { ($0.model, $0.reason) = (model, reason) }
    }
  }

  // MARK: - Streams

  /// Does a piece of work on streams that no request waits for.
  /// - Returns: The seconds until there is more. It is nil if there is none.
  func work(isIdle: Bool) -> Double? { all.compactMap { $0.model?.streams?.work(isIdle: isIdle) }.min() }

  /// Learns from every batch and saves every change of a stream at once from now on.
  func hurryStreams(on inference: InferenceThreads) {
    try? inference.perform { () throws(HTTPError) in
      for entry in self.all { entry.model?.streams?.hurry() }
    }
  }

  /// Brings all streams to the disk. Their models answer no further request of a stream.
  func closeStreams(on inference: InferenceThreads) {
    try? inference.perform { () throws(HTTPError) in
      for entry in self.all { entry.model?.streams?.close() }
    }
  }

  private func update(_ name: String, _ change: (inout Entry) -> Void) {
    entries.update { entries in
      for index in entries.indices where entries[index].source.name == name { change(&entries[index]) }
    }
  }
}
