/// A tensor of a request: a name, a type, a shape, and elements that fill the shape.
package struct InputTensor: Sendable {
  /// The elements in row-major order.
  package enum Elements: Sendable {
    /// Elements of the tensor's type, little-endian.
    case bytes(ArraySlice<UInt8>)
    /// Numbers of a JSON document.
    case numbers([Double])
    /// Texts.
    case texts([[UInt8]])
  }

  package let name: String
  package let datatype: Datatype
  package let shape: [Int]
  package let elements: Elements

  /// Reads a tensor.
  /// - Parameters:
  ///   - header: what the document says of the tensor.
  ///   - key: the place of the tensor's object in the document, for messages.
  ///   - binary: the bytes behind the document. The tensor takes its own from the front.
  /// - Throws: `HTTPError(400)`.
  init(_ header: InputHeader, _ key: String, _ binary: inout ArraySlice<UInt8>) throws(HTTPError) {
    (name, datatype, shape) = (header.name, header.datatype, header.shape)
    switch header.content {
    case .numbers(let numbers): elements = .numbers(numbers)
    case .texts(let texts): elements = .texts(texts)
    case .binary(let size):
      guard size <= binary.count else {
        throw HTTPError(400, "\(key): the body has \(binary.count) bytes for the \(size) announced")
      }
      let bytes = binary.prefix(size)
      binary = binary.dropFirst(size)
      guard datatype == .bytes else {
        elements = .bytes(bytes)
        return
      }
      guard let texts = Self.texts(bytes, count: header.count) else {
        throw HTTPError(400, "\(key): the bytes are not \(header.count) texts with their lengths")
      }
      elements = .texts(try header.isBase64 ? InputHeader.decoded(texts, key) : texts)
    }
  }

  /// Makes a tensor of elements that fill the shape.
  init(name: String, datatype: Datatype, shape: [Int], elements: Elements) {
    (self.name, self.datatype, self.shape, self.elements) = (name, datatype, shape, elements)
  }

  /// Splits bytes into texts, each behind its length in four bytes.
  private static func texts(_ bytes: ArraySlice<UInt8>, count: Int) -> [[UInt8]]? {
    var (texts, rest): ([[UInt8]], ArraySlice<UInt8>) = ([], bytes)
    while !rest.isEmpty, texts.count < count {
      guard rest.count >= 4 else { return nil }
      let length = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
      rest = rest.dropFirst(4)
      guard rest.count >= length else { return nil }
      texts.append(Array(rest.prefix(length)))
      rest = rest.dropFirst(length)
    }
    return rest.isEmpty && texts.count == count ? texts : nil
  }
}
