import Foundation
import GRPCCore
import NIOCore
import PolyphonyGRPC
import Testing

/// What goes to the service and comes from it, apart from tensors.
@Suite struct ServiceTests {
  @Test func namesStayInTheirPlace() throws {
    let address = try #require(ServiceAddress("http://127.0.0.1:8080/"))
    #expect(address.url(["v2", "models", "../a b/ä"]) == "http://127.0.0.1:8080/v2/models/%2E%2E%2Fa%20b%2F%C3%A4")
  }

  @Test(arguments: ["127.0.0.1:8080", "ftp://127.0.0.1", "http://", "http://a/?b", "http://name:word@a", ""])
  func otherAddressesAreRefused(text: String) {
    #expect(ServiceAddress(text) == nil)
  }

  @Test(arguments: [
    (400, RPCError.Code.invalidArgument), (401, .unauthenticated), (403, .permissionDenied), (404, .notFound),
    (405, .unimplemented), (408, .deadlineExceeded), (409, .aborted), (413, .resourceExhausted),
    (415, .invalidArgument), (429, .resourceExhausted), (431, .resourceExhausted), (500, .internalError),
    (501, .unimplemented), (503, .unavailable), (504, .deadlineExceeded), (418, .unknown),
  ])
  func statusesHaveCodes(status: Int, code: RPCError.Code) {
    let error = RPCError(status: status, body: ByteBuffer(string: #"{"error":"why"}"#))
    #expect(error.code == code && error.message == "why")
  }

  @Test func aRefusalWithoutASentenceHasItsStatus() {
    #expect(RPCError(status: 502, body: ByteBuffer(string: "<html>")).message == "the service answers with status 502")
  }

  @Test func metadataBecomeFields() throws {
    let caller = try Caller(["authorization": "Bearer a", "x-sequence-id": "7", "user-agent": "b"])
    #expect(caller.fields.map(\.0) == ["authorization", "x-sequence-id"] && caller.authorization == "Bearer a")
    #expect(throws: RPCError.self) { try Caller(["authorization": "a\r\nb: c"]) }
  }

  @Test func aTokenIsNeededAsAWhole() throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("tokens-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    try "0123456789abcdef\n\nfedcba9876543210\n".write(to: file, atomically: true, encoding: .utf8)
    let tokens = try AccessTokens(file: file.path)
    #expect(tokens.accept("Bearer 0123456789abcdef") && tokens.accept("bearer fedcba9876543210"))
    for text in [nil, "", "Bearer", "Bearer ", "0123456789abcdef", "Bearer 0123456789abcde", "Basic 0123456789abcdef"] {
      #expect(!tokens.accept(text))
    }
    try "short\n".write(to: file, atomically: true, encoding: .utf8)
    #expect(throws: AccessTokens.Unusable.self) { try AccessTokens(file: file.path) }
    try "\n".write(to: file, atomically: true, encoding: .utf8)
    #expect(throws: AccessTokens.Unusable.self) { try AccessTokens(file: file.path) }
  }
}

extension String {
  /// The text as bytes.
  var data: Data { Data(utf8) }
}
