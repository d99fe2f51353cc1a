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

  /// The most inputs and outputs of a request.
  private static let mostTensors = 256
  /// The most characters of an identifier.
  static let longestID = 256

  /// Reads a body.
  /// - Parameters:
  ///   - body: the document, and the bytes behind it.
  ///   - headerLength: the length of the document, if bytes follow (`Inference-Header-Content-Length`).
  ///   - stream: the stream that the header field names.
  /// - Throws: `HTTPError(400)` that names the place in the document.
  package init(_ body: [UInt8], headerLength: String? = nil, stream: String? = nil) throws(HTTPError) {
    var length = body.count
    if let headerLength {
      guard let number = Int(headerLength), (1...max(1, body.count)).contains(number), number <= body.count else {
        throw HTTPError(400, "Inference-Header-Content-Length: a length within the body is needed")
      }
      length = number
    }
    var numbers = PackedNumbers("data")
    let document = try Self.document(body[..<length], &numbers)
    guard case .object = document else { throw HTTPError(400, "the body: an object is needed") }
    if let id = document["id"] {
      guard case .string(let text) = id, text.unicodeScalars.count <= Self.longestID else {
        throw HTTPError(400, "id: a text of at most \(Self.longestID) characters is needed")
      }
      self.id = text
    } else {
      id = nil
    }
    let parameters = try Self.parameters(document["parameters"], "parameters")
    isBinary = try Self.flag(parameters, "binary_data_output", "parameters") ?? false
    sequence = try SequenceMark(parameters, field: stream)
    isShadow = try Self.flag(parameters, "shadow", "parameters") ?? false
    guard case .array(let entries)? = document["inputs"], (1...Self.mostTensors).contains(entries.count) else {
      throw HTTPError(400, "inputs: a list of 1 to \(Self.mostTensors) tensors is needed")
    }
    var binary = body[length...]
    var inputs: [InputTensor] = []
    for (place, entry) in entries.enumerated() {
      let key = "inputs[\(place)]"
      _ = try Self.parameters(entry["parameters"], "\(key).parameters")
      let tensor = try InputTensor(entry, key, numbers, &binary)
      guard !inputs.contains(where: { $0.name == tensor.name }) else {
        throw HTTPError(400, "\(key).name: an input is given twice")
      }
      inputs.append(tensor)
    }
    guard binary.isEmpty else { throw HTTPError(400, "the body: \(binary.count) bytes belong to no input") }
    self.inputs = inputs
    outputs = try Self.outputs(document["outputs"], isBinary)
  }

  private static func document(
    _ bytes: ArraySlice<UInt8>, _ numbers: inout PackedNumbers
  ) throws(HTTPError) -> OrderedJSON {
    do {
      return try bytes.withUnsafeBytes { bytes in try OrderedJSON(parsing: bytes, packing: &numbers) }
    } catch {
      throw HTTPError(400, error as? Fault)
    }
  }

  private static func outputs(_ document: OrderedJSON?, _ isBinary: Bool) throws(HTTPError) -> [Output]? {
    guard let document else { return nil }
    guard case .array(let entries) = document, entries.count <= mostTensors else {
      throw HTTPError(400, "outputs: a list of at most \(mostTensors) names is needed")
    }
    var outputs: [Output] = []
    for (place, entry) in entries.enumerated() {
      let key = "outputs[\(place)]"
      guard case .string(let name)? = entry["name"] else { throw HTTPError(400, "\(key).name: a text is needed") }
      guard !outputs.contains(where: { $0.name == name }) else {
        throw HTTPError(400, "\(key).name: an output is named twice")
      }
      let parameters = try parameters(entry["parameters"], "\(key).parameters")
      if parameters?["classification"] != nil {
        throw HTTPError(400, "\(key).parameters.classification: ask for the outputs label and probability")
      }
      let own = try flag(parameters, "binary_data", "\(key).parameters")
      outputs.append(Output(name: name, isBinary: own ?? isBinary))
    }
    return outputs.isEmpty ? nil : outputs
  }

  private static func parameters(_ document: OrderedJSON?, _ key: String) throws(HTTPError) -> OrderedJSON? {
    guard let document else { return nil }
    guard case .object = document else { throw HTTPError(400, "\(key): an object is needed") }
    for name in ["shared_memory_region", "shared_memory_offset"] where document[name] != nil {
      throw HTTPError(400, "\(key).\(name): the service has no shared memory")
    }
    return document
  }

  fileprivate static func flag(_ parameters: OrderedJSON?, _ name: String, _ key: String) throws(HTTPError) -> Bool? {
    guard let value = parameters?[name] else { return nil }
    guard case .bool(let flag) = value else { throw HTTPError(400, "\(key).\(name): true or false is needed") }
    return flag
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

  /// Reads the parameters of a request. It is nil for a request that belongs to no stream.
  /// - Parameter field: the stream that the header field names.
  /// - Throws: `HTTPError(400)` for parameters of another form, and if they and the header field name two streams.
  init?(_ parameters: OrderedJSON?, field: String?) throws(HTTPError) {
    starts = try InferenceRequest.flag(parameters, "sequence_start", "parameters") ?? false
    ends = try InferenceRequest.flag(parameters, "sequence_end", "parameters") ?? false
    let named: String?
    switch parameters?["sequence_id"] {
    case .integer(let number)? where number >= 0: named = "\(number)"
    case .string(let text)? where text.utf8.count <= InferenceRequest.longestID: named = text
    case nil: named = field
    default:
      throw HTTPError(
        400,
        "parameters.sequence_id: a whole number, or a text of at most \(InferenceRequest.longestID) bytes, is needed")
    }
    // Clients send 0 or an empty text for a request that belongs to no stream.
    let found = named.flatMap { $0 == "0" || $0.isEmpty ? nil : $0 }
    try SequenceHeader.check(field, found, "parameters.sequence_id")
    guard let found else { return nil }
    id = found
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
