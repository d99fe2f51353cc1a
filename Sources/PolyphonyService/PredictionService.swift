import Foundation
import Polyphony
import Torch

/// A service that answers requests for predictions over HTTP, in the form of the Open Inference Protocol.
package final class PredictionService: Sendable {
  /// The settings of a service.
  package struct Options: Sendable {
    /// The models.
    package var models: [ModelSource]
    /// The address of this machine that clients use.
    package var host = "127.0.0.1"
    /// The port. With 0 the system chooses one.
    package var port: UInt16 = 8080
    /// The most samples of a pass, and of a request.
    package var mostSamples = 64
    /// The most milliseconds that a request waits for others.
    package var delay = 2.0
    /// The most passes at a time, which divide the threads of an operation. Nil stands for two where there are several
    /// threads.
    package var passes: Int?
    /// The tokens of clients. Nil lets everybody in.
    package var tokens: AccessTokens?
    /// The folders of encoders that have moved.
    package var encoders = EncoderFolders()
    /// The settings of streams that adapt. Nil for none.
    package var streams: StreamOptions?
    /// Receives sentences for the operator.
    package var warn: @Sendable (String) -> Void = { _ in }
    /// The device that computes.
    package var device = Device.cpu
    /// Sizes and times.
    package var limits = HTTPLimits()

    /// Settings for some models.
    package init(models: [ModelSource]) { self.models = models }
  }

  /// The address that clients use, such as `http://127.0.0.1:8080`.
  package var address: String { server.address }
  /// The port that clients use.
  package var port: UInt16 { server.port }

  /// The models with streams that adapt, and the most bytes of a stream in memory.
  package var streamBytes: [(model: String, bytes: Int)] {
    routes.repository.all.map { ($0.source.name, $0.metrics.streams.counts.bytes * (1 + StreamRecord.mostSnapshots)) }
      .filter { $0.1 > 0 }
  }

  private let server: HTTPServer
  private let routes: ServiceRoutes

  /// Loads the models and listens. ``start()`` answers.
  /// - Throws: `Fault(.usage)` for two models of one name, the errors of the models' folders, and those of the address.
  package init(_ options: Options) throws(Fault) {
    try Self.check(options.models.map(\.name))
    let repository = try ModelRepository(options.models, warn: options.warn) { (source, metrics) throws(Fault) in
      try ServedModel(source, options, metrics: metrics)
    }
    try options.encoders.check(repository.all.compactMap { $0.model?.configuration })
    let passes = options.passes ?? (options.device == .cpu && Libtorch.threadCount > 1 ? 2 : 1)
    let inference = InferenceThreads(mostSamples: options.mostSamples, delay: options.delay, passes: passes) {
      repository.work(isIdle: $0)
    }
    let routes = ServiceRoutes(repository, inference, tokens: options.tokens)
    server = try HTTPServer(host: options.host, port: options.port, limits: options.limits) { routes.answer($0) }
    self.routes = routes
    let connections = { [weak server] in server?.connections ?? 0 }
    (routes.connections, inference.clients) = (connections, connections)
  }

  /// Answers requests from now on.
  package func start() { server.start() }

  /// Answers on, but as not ready, and lets other services have the streams. A load balancer sends requests elsewhere then.
  package func drain() {
    routes.isStopping = true
    routes.repository.hurryStreams(on: routes.inference)
  }

  /// Takes no further request, and waits for those that run.
  /// - Returns: False if some took longer than half a minute.
  @discardableResult
  package func stop() -> Bool {
    routes.isStopping = true
    let isDone = server.stop()
    routes.repository.closeStreams(on: routes.inference)
    routes.inference.stop()
    routes.encoding.stop()
    return isDone
  }

  /// Checks that names fit into addresses, and that each is there once.
  private static func check(_ names: [String]) throws(Fault) {
    for (place, name) in names.enumerated() {
      guard !name.isEmpty, name.utf8.count <= 128, name.utf8.allSatisfy(ModelName.allows) else {
        throw Fault(
          .usage, "this is no name for addresses", key: "--model", found: name,
          expected: "letters, digits, points, hyphens and underscores", remedy: "choose one: --model NAME=FOLDER")
      }
      guard !names[..<place].contains(name) else {
        throw Fault(
          .usage, "two models have one name", key: "--model", found: name, expected: "different names",
          remedy: "choose another: --model NAME=FOLDER")
      }
    }
  }
}

/// The names of models in addresses.
package enum ModelName {
  /// True for a byte that a name may have.
  package static func allows(_ byte: UInt8) -> Bool { byte.isAlphanumeric || "._-".utf8.contains(byte) }
}
