import GRPCCore
import GRPCNIOTransportHTTP2Posix

/// A gateway that answers calls of the Open Inference Protocol over gRPC with what a service says over HTTP.
package struct Gateway: Sendable {
  /// Where the gateway listens, and what it asks.
  package struct Options: Sendable {
    /// The service behind the gateway.
    package var service: ServiceAddress
    /// The number of an address of this machine.
    package var host = "127.0.0.1"
    /// The port. With 0 the system chooses one.
    package var port = 8001
    /// The tokens of which a call needs one. Without them the service alone decides.
    package var tokens: AccessTokens?

    package init(service: ServiceAddress) { self.service = service }
  }

  /// The time in which running calls may end after a stop.
  private static let drain = Duration.seconds(30)

  private let server: GRPCServer<HTTP2ServerTransport.Posix>
  private let client: ServiceClient
  private let stopping = StopFlag()

  /// Makes a gateway. ``run(onStart:)`` listens.
  package init(_ options: Options) {
    client = ServiceClient(options.service, stopping: stopping)
    let isSixth = options.host.contains(":")
    let transport = HTTP2ServerTransport.Posix(
      address: isSixth
        ? .ipv6(host: options.host, port: options.port) : .ipv4(host: options.host, port: options.port),
      transportSecurity: .plaintext, config: .gateway)
    var table = CallTable<HTTP2ServerTransport.Posix>(tokens: options.tokens)
    ServerCalls(service: client).add(to: &table)
    ModelCalls(service: client, stopping: stopping).add(to: &table)
    RepositoryCalls(service: client).add(to: &table)
    server = GRPCServer(transport: transport, router: table.router)
  }

  /// Answers calls until a stop. Calls that run by then get their answers.
  /// - Parameters:
  ///   - onStart: gets the address that clients use, once the gateway listens.
  ///   - stop: returns when the gateway shall stop.
  /// - Returns: False if some calls took too long and got no answer.
  /// - Throws: The error of the system for an address that cannot be had.
  package func run(
    onStart: @Sendable @escaping (String) -> Void, until stop: @Sendable @escaping () async -> Void
  ) async throws -> Bool {
    let serving = Task { try await server.serve() }
    let stopper = Task {
      onStart(try await server.transport.listeningAddress.text)
      await stop()
      stopping.set()
      server.beginGracefulShutdown()
      try await Task.sleep(for: Self.drain)
      serving.cancel()
    }
    let outcome = await serving.result
    stopper.cancel()
    await client.close()
    if serving.isCancelled { return false }
    do {
      try outcome.get()
    } catch {
      throw (error as? RuntimeError)?.cause ?? error
    }
    return true
  }
}

extension GRPCNIOTransportHTTP2Posix.SocketAddress {
  /// The address as clients write it, such as `127.0.0.1:8001`.
  fileprivate var text: String {
    if let four = ipv4 { return "\(four.host):\(four.port)" }
    if let six = ipv6 { return "[\(six.host)]:\(six.port)" }
    return description
  }
}
