import Polyphony

extension ServiceRoutes {
  /// The addresses below `/v2/models/NAME/streams`.
  func streams(_ path: [String], _ model: @escaping () throws(HTTPError) -> ServedModel) -> [Route]? {
    switch path.count {
    case 0: return [stream("GET", model) { (streams) throws(HTTPError) in streams.documents }]
    case 1: return [stream("GET", model) { (streams) throws(HTTPError) in try streams.document(of: path[0]) }]
    case 2:
      guard let command = ModelStreams.Command(rawValue: path[1]) else { return nil }
      return [stream("POST", model) { (streams) throws(HTTPError) in try streams.run(command, path[0]) }]
    default: return nil
    }
  }

  /// An address that reads or changes streams, on the one thread that may do it.
  private func stream(
    _ method: String, _ model: @escaping () throws(HTTPError) -> ServedModel,
    _ body: @escaping (ModelStreams) throws(HTTPError) -> OrderedJSON
  ) -> Route {
    (
      method,
      { () throws(HTTPError) in
        guard let streams = try model().streams else {
          throw HTTPError(404, "the service keeps no streams (--adapt)")
        }
        return HTTPResponse(json: try self.inference.perform { () throws(HTTPError) in try body(streams) })
      }
    )
  }
}
