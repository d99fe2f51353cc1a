import Polyphony

extension ServiceRoutes {
  /// The addresses below `/v2/models/NAME/streams`.
  func streams(
    _ path: [String], _ request: HTTPRequest, _ model: @escaping () throws(HTTPError) -> ServedModel
  ) -> [Route]? {
    switch path.count {
    case 0: return [("GET", { () throws(HTTPError) in try self.answer(model) { $0.documents } })]
    case 1:
      return [
        stream("GET", path[0], request, model) { (streams) throws(HTTPError) in try streams.document(of: path[0]) }
      ]
    case 2:
      guard let command = ModelStreams.Command(rawValue: path[1]) else { return nil }
      return [
        stream("POST", path[0], request, model) { (streams) throws(HTTPError) in try streams.run(command, path[0]) }
      ]
    default: return nil
    }
  }

  /// An address of one stream. The header field names it too, or is not there.
  private func stream(
    _ method: String, _ id: String, _ request: HTTPRequest, _ model: @escaping () throws(HTTPError) -> ServedModel,
    _ body: @escaping (ModelStreams) throws(HTTPError) -> OrderedJSON
  ) -> Route {
    (
      method,
      { () throws(HTTPError) in
        try SequenceHeader.check(try SequenceHeader.id(of: request), id, "the address")
        return try self.answer(model, fields: [SequenceHeader.field(id)], body)
      }
    )
  }

  /// Reads or changes streams, on the one thread that may do it.
  private func answer(
    _ model: () throws(HTTPError) -> ServedModel, fields: [(name: String, value: String)] = [],
    _ body: @escaping (ModelStreams) throws(HTTPError) -> OrderedJSON
  ) throws(HTTPError) -> HTTPResponse {
    guard let streams = try model().streams else { throw HTTPError(404, "the service keeps no streams (--adapt)") }
    let document = try inference.perform { () throws(HTTPError) in try body(streams) }
    return HTTPResponse(json: document, fields: fields)
  }
}
