import AsyncHTTPClient
import Foundation
import GRPCCore
import NIOCore

extension RPCError {
  /// The refusal of the service as an error of gRPC. The service's sentence stays.
  package init(status: Int, body: ByteBuffer) {
    struct Refusal: Decodable { var error: String }
    let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(body.readableBytesView))
    self.init(code: Code(status: status), message: refusal?.error ?? "the service answers with status \(status)")
  }

  /// A request that got no answer.
  init(failure: any Error, _ address: ServiceAddress) {
    let error = failure as? HTTPClientError
    switch failure {
    case _ where failure is CancellationError || error == .cancelled || error == .requestStreamCancelled:
      self.init(code: .cancelled, message: "the call was cancelled, or its deadline has passed")
    case _ where error == .deadlineExceeded || error == .readTimeout:
      self.init(code: .deadlineExceeded, message: "the service takes too long to answer")
    case is NIOTooManyBytesError:
      self.init(code: .resourceExhausted, message: "the answer of the service is too large")
    default:
      self.init(code: .unavailable, message: "the service at \(address) does not answer")
    }
  }
}

extension RPCError.Code {
  /// The code of gRPC that means the same as a status of HTTP.
  package init(status: Int) {
    self =
      switch status {
      case 400, 411, 415, 417, 422: .invalidArgument
      case 401: .unauthenticated
      case 403: .permissionDenied
      case 404: .notFound
      case 405, 501: .unimplemented
      case 408, 504: .deadlineExceeded
      case 409: .aborted
      case 413, 414, 429, 431: .resourceExhausted
      case 502, 503: .unavailable
      case 500...: .internalError
      default: .unknown
      }
  }
}
