import PolyphonySupport

/// A request for predictions, in the form of the Open Inference Protocol with Triton's binary data.
package struct InferenceRequest: Sendable {
  /// An output that a client asks for.
  struct Output: Sendable {
    var name: String
    /// True if its elements shall come as bytes behind the document.
    var isBinary: Bool
  }

  /// The client's own name of the request.
  package let id: String?
  /// The tensors in the order of the request.
  package let inputs: [InputTensor]
  /// The outputs that the client asks for. It is nil for all.
  let outputs: [Output]?
  /// True if outputs that are not named shall come as bytes.
  let isBinary: Bool
  /// The stream that the samples belong to.
  let sequence: SequenceMark?
  /// True for the answers of the source, with those of the stream beside them.
  let isShadow: Bool

  /// Reads a body.
  /// - Parameters:
  ///   - body: the document, and the bytes behind it.
  ///   - headerLength: the length of the document, if bytes follow (`Inference-Header-Content-Length`).
  ///   - stream: the stream that the header field names.
  ///   - known: the documents of earlier requests.
  /// - Throws: `HTTPError(400)` that names the place in the document.
  init(_ body: [UInt8], headerLength: String?, stream: String?, known: RequestDocuments) throws(HTTPError) {
    var length = body.count
    if let headerLength {
      guard let number = Int(headerLength), (1...max(1, body.count)).contains(number), number <= body.count else {
        throw HTTPError(400, "Inference-Header-Content-Length: a length within the body is needed")
      }
      length = number
    }
    let document = try known.document(body[..<length])
    (id, outputs, isBinary, isShadow) = (document.id, document.outputs, document.isBinary, document.isShadow)
    sequence = try SequenceMark(document.sequence, field: stream)
    var binary = body[length...]
    inputs = try document.inputs.enumerated().map { (place, header) throws(HTTPError) in
      try InputTensor(header, "inputs[\(place)]", &binary)
    }
    guard binary.isEmpty else { throw HTTPError(400, "the body: \(binary.count) bytes belong to no input") }
  }
}

extension HTTPError {
  /// Makes the answer to a fault in what a client sent. The names of files are left out.
  init(_ status: Int, _ fault: Fault?) {
    guard let fault else {
      self.init(500, "the service has failed")
      return
    }
    var text = [fault.key, fault.problem].compactMap(\.self).joined(separator: ": ")
    if let found = fault.found { text += "; found: \(found.prefix(200))" }
    if let expected = fault.expected { text += "; expected: \(expected)" }
    self.init(status, text)
  }
}
