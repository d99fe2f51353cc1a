import GRPCCore

/// What a call says of its caller. The service gets it as header fields.
package struct Caller: Sendable {
  /// The header fields for the service.
  package let fields: [(String, String)]

  /// The metadata that mean the same as header fields: the token, and the stream for load balancers.
  private static let forwarded = ["authorization", "x-sequence-id"]

  /// Reads the metadata of a call.
  /// - Throws: `RPCError(.invalidArgument)` for a value that no header field may have.
  package init(_ metadata: Metadata) throws(RPCError) {
    fields = Self.forwarded.flatMap { name in metadata[stringValues: name].map { (name, $0) } }
    for (name, value) in fields where !value.utf8.allSatisfy({ $0 >= 32 && $0 != 127 }) {
      throw RPCError(code: .invalidArgument, message: "\(name): the value has control characters")
    }
  }

  /// The field with a bearer token, if there is one.
  package var authorization: String? { fields.first { $0.0 == "authorization" }?.1 }
}
