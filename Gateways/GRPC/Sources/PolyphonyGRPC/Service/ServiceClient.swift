import AsyncHTTPClient
import GRPCCore
import NIOCore
import NIOHTTP1

/// The service behind the gateway, over HTTP connections that stay open between requests.
package struct ServiceClient: Sendable {
  /// The most connections to the service. It takes 512, of all clients.
  private static let mostConnections = 256
  /// The time for which a connection stays open without a request. The service closes its own after 75 seconds, and a
  /// request must not meet that instant.
  private static let idle = TimeAmount.seconds(60)
  /// The time that a request may take where a call has no deadline.
  private static let longest = TimeAmount.seconds(300)
  /// The most bytes of an answer.
  private static let mostAnswerBytes = 1 << 30

  private let address: ServiceAddress
  private let client: HTTPClient
  /// True while the gateway finishes running calls.
  private let stopping: StopFlag

  /// Makes a client. ``close()`` ends it.
  package init(_ address: ServiceAddress, stopping: StopFlag) {
    var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
    configuration.timeout.connect = .seconds(5)
    configuration.connectionPool.idleTimeout = Self.idle
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = Self.mostConnections
    // A service that is down is an answer, and the caller decides whether to try again.
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.httpVersion = .http1Only
    client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    (self.address, self.stopping) = (address, stopping)
  }

  /// Closes all connections.
  package func close() async { try? await client.shutdown() }

  /// Asks for what is at an address.
  func get(_ path: [String], _ caller: Caller) async throws(RPCError) -> ServiceAnswer {
    try await answer(HTTPClientRequest(url: address.url(path)), caller)
  }

  /// Sends a body to an address.
  func post(
    _ path: [String], _ body: ByteBuffer, fields: [(String, String)] = [], _ caller: Caller
  ) async throws(RPCError) -> ServiceAnswer {
    var request = HTTPClientRequest(url: address.url(path))
    request.method = .POST
    request.body = .bytes(body)
    request.headers = HTTPHeaders(fields)
    return try await answer(request, caller)
  }

  /// Sends a request. A call that its client cancels, or whose deadline passes, ends the request.
  private func answer(_ request: HTTPClientRequest, _ caller: Caller) async throws(RPCError) -> ServiceAnswer {
    var request = request
    request.headers.add(contentsOf: HTTPHeaders(caller.fields))
    let task = Task { [request] in
      let response = try await client.execute(request, deadline: .now() + Self.longest)
      let body = try await response.body.collect(upTo: Self.mostAnswerBytes)
      return ServiceAnswer(status: Int(response.status.code), fields: response.headers, body: body)
    }
    let outcome = await withRPCCancellationHandler {
      await task.result
    } onCancelRPC: {
      // gRPC cancels every call when the gateway stops, and those that run shall get their answers.
      if !stopping.isSet { task.cancel() }
    }
    do {
      return try outcome.get()
    } catch {
      throw RPCError(failure: error, address)
    }
  }
}
