import PolyphonySupport

/// The header field by which a load balancer knows the stream of a request.
///
/// A load balancer reads no bodies. So a client may name its stream in the field, and answers have it too.
enum SequenceHeader {
  /// The name of the field.
  static let name = "X-Sequence-Id"

  /// The stream that the field names. It is nil without the field, and for 0 and an empty text as in the body.
  /// - Throws: `HTTPError(400)` for a field that names no stream.
  static func id(of request: HTTPRequest) throws(HTTPError) -> String? {
    let values = request.fields.filter { $0.name == name.lowercased() }.map(\.value)
    guard let value = values.first else { return nil }
    // Bytes beyond ASCII have no certain meaning in a field, and several of them would name one stream.
    guard values.count == 1, value.utf8.allSatisfy({ $0 < 128 }), let id = PercentCoding.decoded(value.utf8),
      id.utf8.count <= RequestDocument.longestID
    else {
      throw HTTPError(
        400,
        "\(name): the name of one stream is needed, of at most \(RequestDocument.longestID) bytes and with percent "
          + "signs as in an address")
    }
    return id.isEmpty || id == "0" ? nil : id
  }

  /// The field for an answer about a stream.
  static func field(_ id: String) -> (name: String, value: String) { (name, PercentCoding.encoded(id)) }

  /// Checks that the field of a request and another part of it name the same stream.
  /// - Parameters:
  ///   - field: the stream that the field names.
  ///   - id: the stream that the other part names. Nil stands for none.
  ///   - key: the place of the other part, for messages.
  /// - Throws: `HTTPError(400)` that names both.
  static func check(_ field: String?, _ id: String?, _ key: String) throws(HTTPError) {
    guard let field, id.map({ StreamName($0) }) != StreamName(field) else { return }
    func shown(_ id: String?) -> String { id.map { "«\($0.prefix(80).escapingControls())»" } ?? "no stream" }
    throw HTTPError(400, "\(key) names \(shown(id)), and the header field \(name) names \(shown(field))")
  }
}
