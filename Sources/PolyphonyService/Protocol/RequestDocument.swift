import PolyphonySupport

/// The JSON document of a request, without the bytes behind it.
struct RequestDocument: Sendable {
  /// The client's own name of the request.
  let id: String?
  /// The tensors in the order of the request.
  let inputs: [InputHeader]
  /// The outputs that the client asks for. It is nil for all.
  let outputs: [InferenceRequest.Output]?
  /// True if outputs that are not named shall come as bytes.
  let isBinary: Bool
  /// The parameters of a stream.
  let sequence: SequenceParameters
  /// True for the answers of the source, with those of the stream beside them.
  let isShadow: Bool

  /// The most inputs and outputs of a request.
  private static let mostTensors = 256
  /// The most elements of all inputs of texts. An element takes more memory than its bytes.
  private static let mostTexts = 1 << 20
  /// The most characters of an identifier.
  static let longestID = 256

  /// Reads a document.
  /// - Throws: `HTTPError(400)` that names the place in the document.
  init(_ bytes: ArraySlice<UInt8>) throws(HTTPError) {
    var numbers = PackedNumbers("data")
    let document = try Self.parsed(bytes, &numbers)
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
    sequence = try SequenceParameters(parameters)
    isShadow = try Self.flag(parameters, "shadow", "parameters") ?? false
    guard case .array(let entries)? = document["inputs"], (1...Self.mostTensors).contains(entries.count) else {
      throw HTTPError(400, "inputs: a list of 1 to \(Self.mostTensors) tensors is needed")
    }
    var inputs: [InputHeader] = []
    for (place, entry) in entries.enumerated() {
      let key = "inputs[\(place)]"
      _ = try Self.parameters(entry["parameters"], "\(key).parameters")
      let input = try InputHeader(entry, key, numbers)
      guard !inputs.contains(where: { $0.name == input.name }) else {
        throw HTTPError(400, "\(key).name: an input is given twice")
      }
      inputs.append(input)
    }
    let texts = inputs.reduce(0) { $0 + ($1.datatype == .bytes ? $1.count : 0) }
    guard texts <= Self.mostTexts else {
      throw HTTPError(400, "inputs: \(texts) elements of the type BYTES; the most are \(Self.mostTexts)")
    }
    self.inputs = inputs
    outputs = try Self.outputs(document["outputs"], isBinary)
  }

  /// True if all elements of the inputs stand behind the document, so that it is the same in every request of its kind.
  var isRepeated: Bool { id == nil && inputs.allSatisfy(\.isBinary) }

  /// Parses the document of a client. The number of its values has a limit, because each takes more memory than its text.
  static func parsed(
    _ bytes: ArraySlice<UInt8>, _ numbers: inout PackedNumbers
  ) throws(HTTPError) -> OrderedJSON {
    do {
      return try bytes.withUnsafeBytes { bytes in try OrderedJSON(parsing: bytes, packing: &numbers) }
    } catch {
      throw HTTPError(400, error as? Fault)
    }
  }

  private static func outputs(
    _ document: OrderedJSON?, _ isBinary: Bool
  ) throws(HTTPError) -> [InferenceRequest.Output]? {
    guard let document else { return nil }
    guard case .array(let entries) = document, entries.count <= mostTensors else {
      throw HTTPError(400, "outputs: a list of at most \(mostTensors) names is needed")
    }
    var outputs: [InferenceRequest.Output] = []
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
      outputs.append(.init(name: name, isBinary: own ?? isBinary))
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

  static func flag(_ parameters: OrderedJSON?, _ name: String, _ key: String) throws(HTTPError) -> Bool? {
    guard let value = parameters?[name] else { return nil }
    guard case .bool(let flag) = value else { throw HTTPError(400, "\(key).\(name): true or false is needed") }
    return flag
  }
}
