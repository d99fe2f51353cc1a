import Foundation
import GRPCCore
import NIOCore
import NIOHTTP1
import SwiftProtobuf

/// An answer of the service.
struct ServiceAnswer: Sendable {
  var status: Int
  var fields: HTTPHeaders
  var body: ByteBuffer

  /// The answer itself if the service has done what it was asked for.
  /// - Parameter others: further statuses that say what was asked, such as 503 for a model that is not ready.
  /// - Throws: The service's refusal, with its sentence.
  func succeeded(or others: Int...) throws(RPCError) -> ServiceAnswer {
    if status == 200 || others.contains(status) { return self }
    throw RPCError(status: status, body: body)
  }

  /// The body as a message. The service's documents are the JSON form of the protocol's messages.
  /// - Throws: `RPCError(.internalError)` for another document.
  func message<Message: SwiftProtobuf.Message>(_: Message.Type) throws(RPCError) -> Message {
    try read { (body, options) in try Message(jsonUTF8Bytes: body, options: options) }
  }

  /// The body as a list of messages.
  /// - Throws: `RPCError(.internalError)` for another document.
  func messages<Message: SwiftProtobuf.Message>(_: Message.Type) throws(RPCError) -> [Message] {
    try read { (body, options) in try Message.array(fromJSONUTF8Bytes: body, options: options) }
  }

  private func read<Value>(_ parse: (Data, JSONDecodingOptions) throws -> Value) throws(RPCError) -> Value {
    var options = JSONDecodingOptions()
    options.ignoreUnknownFields = true
    do {
      return try parse(Data(body.readableBytesView), options)
    } catch {
      throw RPCError(code: .internalError, message: "the answer of the service cannot be read", cause: error)
    }
  }
}
