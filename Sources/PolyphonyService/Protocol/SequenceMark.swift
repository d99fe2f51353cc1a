import PolyphonySupport

/// The parameters of Triton's sequence extension, as a document has them.
struct SequenceParameters: Equatable, Sendable {
  /// The stream. It is nil without one, and may be 0 or empty.
  var id: String?
  /// True if the stream begins with this request.
  var starts: Bool
  /// True if the stream ends with this request.
  var ends: Bool

  /// Reads the parameters of a request.
  /// - Throws: `HTTPError(400)` for parameters of another form.
  init(_ parameters: OrderedJSON?) throws(HTTPError) {
    starts = try RequestDocument.flag(parameters, "sequence_start", "parameters") ?? false
    ends = try RequestDocument.flag(parameters, "sequence_end", "parameters") ?? false
    switch parameters?["sequence_id"] {
    case .integer(let number)? where number >= 0: id = "\(number)"
    case .string(let text)? where text.utf8.count <= RequestDocument.longestID: id = text
    case nil: id = nil
    default:
      throw HTTPError(
        400,
        "parameters.sequence_id: a whole number, or a text of at most \(RequestDocument.longestID) bytes, is needed")
    }
  }
}

/// The place of a request in a stream of requests (Triton's sequence extension).
struct SequenceMark: Equatable, Sendable {
  /// The stream.
  var id: String
  /// True if the stream begins with this request.
  var starts: Bool
  /// True if the stream ends with this request.
  var ends: Bool

  /// Joins the parameters of a request with its header field. It is nil for a request that belongs to no stream.
  /// - Parameter field: the stream that the header field names.
  /// - Throws: `HTTPError(400)` if they name two streams.
  init?(_ parameters: SequenceParameters, field: String?) throws(HTTPError) {
    (starts, ends) = (parameters.starts, parameters.ends)
    // Clients send 0 or an empty text for a request that belongs to no stream.
    let found = (parameters.id ?? field).flatMap { $0 == "0" || $0.isEmpty ? nil : $0 }
    try SequenceHeader.check(field, found, "parameters.sequence_id")
    guard let found else { return nil }
    id = found
  }
}
