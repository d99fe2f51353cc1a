import PolyphonySupport

/// A tensor of an answer.
struct OutputTensor: Sendable {
  /// The elements in row-major order.
  enum Elements: Sendable {
    case floats(ArraySlice<Float>)
    case texts([String])
  }

  let name: String
  let shape: [Int]
  let elements: Elements

  /// The same tensor under another name.
  func named(_ name: String) -> OutputTensor { OutputTensor(name: name, shape: shape, elements: elements) }

  var datatype: Datatype { if case .floats = elements { .fp32 } else { .bytes } }

  /// The elements as a list of JSON. Numbers read back as the same bits.
  var list: OrderedJSON {
    switch elements {
    case .floats(let floats): .array(floats.map { .number(Double($0)) })
    case .texts(let texts): .array(texts.map { .string($0) })
    }
  }

  /// The elements as bytes, little-endian, and texts behind their lengths in four bytes.
  var bytes: [UInt8] {
    switch elements {
    case .floats(let floats):
      guard 1.littleEndian == 1 else { return floats.flatMap { Self.bytes($0.bitPattern) } }
      return floats.withUnsafeBytes { Array($0) }
    case .texts(let texts): return texts.flatMap { Self.bytes(UInt32($0.utf8.count)) + Array($0.utf8) }
    }
  }

  private static func bytes(_ number: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
  }
}

/// The answer to a request for predictions.
struct InferenceResponse {
  let model: String
  let request: InferenceRequest
  /// All outputs of the model.
  let outputs: [OutputTensor]

  /// The answer with the outputs that the client asked for, in its order.
  /// - Throws: `HTTPError(400)` for an output that the model does not have.
  func response() throws(HTTPError) -> HTTPResponse {
    var documents: [OrderedJSON] = []
    var binary: [UInt8] = []
    var isBinary = false
    for wanted in request.outputs ?? outputs.map({ .init(name: $0.name, isBinary: request.isBinary) }) {
      guard let output = outputs.first(where: { $0.name == wanted.name }) else {
        throw Self.unknown(wanted.name, outputs.map(\.name))
      }
      var members: [OrderedJSON.Member] = [
        .init("name", .string(output.name)), .init("datatype", .string(output.datatype.rawValue)),
        .init("shape", .array(output.shape.map { .integer($0) })),
      ]
      if wanted.isBinary {
        let bytes = output.bytes
        members.append(.init("parameters", ["binary_data_size": .integer(bytes.count)]))
        binary += bytes
        isBinary = true
      } else {
        members.append(.init("data", output.list))
      }
      documents.append(.object(members))
    }
    var members: [OrderedJSON.Member] = [
      .init("model_name", .string(model)), .init("model_version", .string(ServedModel.version)),
    ]
    if let id = request.id { members.append(.init("id", .string(id))) }
    if let id = request.sequence?.id { members.append(.init("parameters", ["sequence_id": .string(id)])) }
    members.append(.init("outputs", .array(documents)))
    let document = OrderedJSON.object(members)
    let fields = (request.sequence?.id).map { [SequenceHeader.field($0)] } ?? []
    guard isBinary else { return HTTPResponse(json: document, fields: fields) }
    let head = Array(document.text(.line).utf8)
    return HTTPResponse(
      type: "application/octet-stream", body: head + binary,
      fields: [("Inference-Header-Content-Length", "\(head.count)")] + fields)
  }

  /// The refusal of an output that a model does not have.
  static func unknown(_ name: String, _ known: [String]) -> HTTPError {
    HTTPError(
      400,
      "outputs: the model has no output \(name.prefix(80).escapingControls()); it has \(known.joined(separator: ", "))")
  }
}
