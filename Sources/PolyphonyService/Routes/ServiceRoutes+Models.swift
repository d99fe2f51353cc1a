import Dispatch
import Polyphony

extension ServiceRoutes {
  /// The addresses below `/v2/models/NAME`.
  func model(_ name: String, _ path: [String], _ request: HTTPRequest) -> [Route]? {
    var rest = path
    var hasVersion = true
    if rest.first == "versions", rest.count >= 2 {
      hasVersion = rest[1] == ServedModel.version
      rest.removeFirst(2)
    }
    func known() throws(HTTPError) -> ModelRepository.Entry {
      let entry = try repository.entry(name)
      guard hasVersion else { throw HTTPError(404, "the model \(name) has the version \(ServedModel.version) alone") }
      return entry
    }
    func loaded() throws(HTTPError) -> ServedModel {
      _ = try known()
      return try repository.model(name)
    }
    if rest.first == "streams" { return streams(Array(rest.dropFirst()), request, loaded) }
    guard rest.count <= 1 else { return nil }
    switch rest.first {
    case nil:
      return [("GET", { () throws(HTTPError) in HTTPResponse(json: try loaded().documents.metadata) })]
    case "config":
      return [("GET", { () throws(HTTPError) in HTTPResponse(json: try loaded().documents.configuration) })]
    case "example":
      return [
        (
          "GET",
          { () throws(HTTPError) in
            let model = try loaded()
            return HTTPResponse(json: try ExampleRequest.document(model.reader.modalities, model.configuration))
          }
        )
      ]
    case "ready":
      return [
        (
          "GET",
          { () throws(HTTPError) in
            let isReady = try known().model != nil && !self.isStopping
            return HTTPResponse(isReady ? 200 : 503, json: ["name": .string(name), "ready": .bool(isReady)])
          }
        )
      ]
    case "infer": return [("POST", { () throws(HTTPError) in try self.infer(try loaded(), request) })]
    default: return nil
    }
  }

  private func infer(_ model: ServedModel, _ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
    let start = DispatchTime.now().uptimeNanoseconds
    var isSuccess = false
    defer {
      model.metrics.didAnswer(isSuccess: isSuccess, time: DispatchTime.now().uptimeNanoseconds - start)
    }
    let inference = try InferenceRequest(
      request.body, headerLength: request.field("inference-header-content-length"),
      stream: try SequenceHeader.id(of: request), known: documents)
    let streams = try streams(of: inference, model)
    let isShadow = inference.isShadow || streams?.isShadow == true
    let known = model.outputNames + (isShadow ? ModelStreams.shadows(of: model.outputNames) : [])
    if let name = inference.outputs?.first(where: { !known.contains($0.name) })?.name {
      throw InferenceResponse.unknown(name, known)
    }
    let samples = try model.reader.samples(features(of: inference.inputs, model))
    let outputs: [OutputTensor]
    if let sequence = inference.sequence, let streams {
      let arrival = DispatchTime.now().uptimeNanoseconds
      outputs = try self.inference.perform { () throws(HTTPError) in
        let start = DispatchTime.now().uptimeNanoseconds
        let outputs = try streams.predict(samples, sequence, isShadow: isShadow)
        let time = DispatchTime.now().uptimeNanoseconds - start
        model.metrics.didRun([samples], waits: [start - arrival], time: time)
        return outputs
      }
    } else {
      outputs = try self.inference.predict(samples, by: model)
    }
    let response = try InferenceResponse(model: model.name, request: inference, outputs: outputs).response()
    isSuccess = true
    return response
  }

  /// The inputs of a request, with features in the place of raw inputs.
  private func features(of inputs: [InputTensor], _ model: ServedModel) throws(HTTPError) -> [InputTensor] {
    guard let raw = model.raw, inputs.contains(where: raw.reads) else { return inputs }
    return try encoding.perform { () throws(HTTPError) in try raw.encoded(inputs) }
  }

  /// The streams of a request that belongs to one. Nil stands for a request that belongs to none.
  /// - Throws: `HTTPError(400)` where the service keeps no streams.
  private func streams(of request: InferenceRequest, _ model: ServedModel) throws(HTTPError) -> ModelStreams? {
    guard request.sequence != nil else {
      guard !request.isShadow else {
        throw HTTPError(400, "parameters.shadow: the request belongs to no stream (sequence_id)")
      }
      return nil
    }
    guard let streams = model.streams else {
      throw HTTPError(400, "parameters.sequence_id: the service keeps no streams (--adapt)")
    }
    return streams
  }

  /// The addresses below `/v2/repository`.
  func repository(_ path: [String], _ request: HTTPRequest) -> [Route]? {
    if path == ["index"] {
      return [("POST", { () throws(HTTPError) in try self.index(request) })]
    }
    guard path.count == 3, path[0] == "models", ["load", "unload"].contains(path[2]) else { return nil }
    return [
      (
        "POST",
        { () throws(HTTPError) in
          _ = try Self.document(request)
          if path[2] == "load" {
            try self.repository.load(path[1], on: self.inference)
          } else {
            try self.repository.unload(path[1], on: self.inference)
          }
          return HTTPResponse(json: .object([]))
        }
      )
    ]
  }

  private func index(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
    var readyOnly = false
    if let value = try Self.document(request)?["ready"] {
      guard case .bool(let flag) = value else { throw HTTPError(400, "ready: true or false is needed") }
      readyOnly = flag
    }
    let entries = repository.all.filter { !readyOnly || $0.model != nil }
    return HTTPResponse(
      json: .array(
        entries.map { entry in
          [
            "name": .string(entry.source.name), "version": .string(ServedModel.version),
            "state": entry.model == nil ? "UNAVAILABLE" : "READY", "reason": .string(entry.reason),
          ]
        }))
  }

  /// The body of a request to the repository as an object. It is nil for an empty body.
  private static func document(_ request: HTTPRequest) throws(HTTPError) -> OrderedJSON? {
    guard !request.body.isEmpty else { return nil }
    // No entry has numbers. The key is that of numbers in other requests.
    var numbers = PackedNumbers("data", mostOthers: 1000)
    let document = try RequestDocument.parsed(request.body[...], &numbers)
    guard case .object = document else { throw HTTPError(400, "the body: an object is needed") }
    if let parameters = document["parameters"] {
      guard case .object(let members) = parameters else { throw HTTPError(400, "parameters: an object is needed") }
      // A client must not bring its own configuration or files.
      for (key, value) in members.map({ ($0.key, $0.value) }) {
        guard key == "unload_dependents" else {
          throw HTTPError(400, "parameters.\(key.prefix(80).escapingControls()): the service takes no such parameter")
        }
        guard case .bool = value else { throw HTTPError(400, "parameters.\(key): true or false is needed") }
      }
    }
    return document
  }
}
