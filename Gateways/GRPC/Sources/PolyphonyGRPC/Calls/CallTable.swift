import GRPCCore
import SwiftProtobuf

/// The calls that the gateway answers.
struct CallTable<Transport: ServerTransport> {
  private(set) var router = RPCRouter<Transport>()
  /// The tokens of which a call needs one. It is nil where none is needed.
  let tokens: AccessTokens?

  init(tokens: AccessTokens?) { self.tokens = tokens }

  /// Adds a call with one request and one answer.
  /// - Parameter isOpen: true for a call that needs no token.
  mutating func add<Request: Message, Answer: Message>(
    _ service: String, _ method: String, isOpen: Bool = false,
    _ answer: @Sendable @escaping (Request, Caller) async throws(RPCError) -> Answer
  ) {
    register(service, method, .unary, isOpen: isOpen) { (request: StreamingServerRequest<Request>, caller) in
      let single = try await ServerRequest(stream: request)
      return StreamingServerResponse(single: ServerResponse(message: try await answer(single.message, caller)))
    }
  }

  /// Adds a call with an answer for each request of a stream, in their order.
  mutating func addStream<Request: Message, Answer: Message>(
    _ service: String, _ method: String, stopping: StopFlag,
    _ answer: @Sendable @escaping (Request, Caller) async -> Answer
  ) {
    register(service, method, .bidirectionalStreaming, isOpen: false) {
      (request: StreamingServerRequest<Request>, caller) in
      StreamingServerResponse { writer in
        let answers = Task {
          for try await message in request.messages { try await writer.write(await answer(message, caller)) }
        }
        let outcome = await withRPCCancellationHandler {
          await answers.result
        } onCancelRPC: {
          // The answer that is being made is still written.
          answers.cancel()
        }
        if answers.isCancelled, stopping.isSet { throw RPCError(code: .unavailable, message: "the gateway stops") }
        try outcome.get()
        return [:]
      }
    }
  }

  private typealias Handler<Request: Sendable, Answer: Sendable> =
    @Sendable (StreamingServerRequest<Request>, Caller) async throws -> StreamingServerResponse<Answer>

  private mutating func register<Request: Message, Answer: Message>(
    _ service: String, _ method: String, _ type: MethodDescriptor.RPCType, isOpen: Bool,
    _ answer: @escaping Handler<Request, Answer>
  ) {
    let tokens = isOpen ? nil : tokens
    router.registerHandler(
      forMethod: MethodDescriptor(fullyQualifiedService: service, method: method, type: type),
      deserializer: MessageCoding<Request>(), serializer: MessageCoding<Answer>()
    ) { request, _ in
      // A call without a token is refused before its message is read.
      let caller = try Caller(request.metadata)
      if let tokens, !tokens.accept(caller.authorization) {
        throw RPCError(code: .unauthenticated, message: "a token is needed")
      }
      return try await answer(request, caller)
    }
  }
}
