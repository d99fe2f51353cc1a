import Foundation
import PolyphonySupport

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

  /// The most dimensions of a tensor.
  private static let mostDimensions = 8
  /// The most elements of a tensor, so that no product of sizes overflows.
  private static let mostElements = 1 << 40

  /// Reads a tensor.
  /// - Parameters:
  ///   - document: the tensor's object in the request.
  ///   - key: the object's place, for messages.
  ///   - numbers: the lists of numbers of the document.
  ///   - binary: the bytes behind the document. The tensor takes its own from the front.
  /// - Throws: `HTTPError(400)`.
  init(
    _ document: OrderedJSON, _ key: String, _ numbers: PackedNumbers, _ binary: inout ArraySlice<UInt8>
  ) throws(HTTPError) {
    func refuse(_ part: String, _ problem: String) -> HTTPError { HTTPError(400, "\(key)\(part): \(problem)") }
    guard case .string(let name)? = document["name"], !name.isEmpty else { throw refuse(".name", "a text is needed") }
    self.name = name
    guard case .string(let word)? = document["datatype"], let datatype = Datatype(rawValue: word) else {
      throw refuse(".datatype", "one of \(Datatype.allCases.map(\.rawValue).joined(separator: ", ")) is needed")
    }
    self.datatype = datatype
    guard case .array(let sizes)? = document["shape"], (1...Self.mostDimensions).contains(sizes.count) else {
      throw refuse(".shape", "a list of 1 to \(Self.mostDimensions) sizes is needed")
    }
    var (shape, count): ([Int], Int) = ([], 1)
    for size in sizes {
      guard case .integer(let size) = size, (1...Self.mostElements).contains(size), count <= Self.mostElements / size
      else { throw refuse(".shape", "whole numbers from 1 on are needed") }
      shape.append(size)
      count *= size
    }
    self.shape = shape
    let parameters = document["parameters"]
    let hasData = document["data"] != nil
    let isBase64 = datatype == .bytes && parameters?["content_type"] == "base64"
    if let size = parameters?["binary_data_size"] {
      guard case .integer(let size) = size, size >= 0 else {
        throw refuse(".parameters.binary_data_size", "a number of bytes is needed")
      }
      guard !hasData else { throw refuse(".data", "the tensor has data in two places") }
      guard size <= binary.count else {
        throw refuse("", "the body has \(binary.count) bytes for the \(size) announced")
      }
      let bytes = binary.prefix(size)
      binary = binary.dropFirst(size)
      guard let width = datatype.size else {
        guard let texts = Self.texts(bytes, count: count) else {
          throw refuse("", "the bytes are not \(count) texts with their lengths")
        }
        elements = .texts(try isBase64 ? Self.decoded(texts, key) : texts)
        return
      }
      guard size == width * count else {
        throw refuse("", "\(size) bytes are announced, and the shape \(shape) of \(word) needs \(width * count)")
      }
      elements = .bytes(bytes)
      return
    }
    let found: Int
    switch document["data"] {
    case .integer(let place)? where datatype != .bytes && numbers.lists.indices.contains(place):
      elements = .numbers(numbers.lists[place])
      found = numbers.lists[place].count
    case .array(let entries)? where datatype == .bytes:
      var texts: [[UInt8]] = []
      guard Self.flatten(entries, into: &texts) else { throw refuse(".data", "a list of texts is needed") }
      elements = .texts(try isBase64 ? Self.decoded(texts, key) : texts)
      found = texts.count
    default: throw refuse(".data", datatype == .bytes ? "a list of texts is needed" : "a list of numbers is needed")
    }
    guard found == count else {
      throw refuse(".data", "\(found) elements are there, and the shape \(shape) needs \(count)")
    }
  }

  /// Makes a tensor of elements that fill the shape.
  init(name: String, datatype: Datatype, shape: [Int], elements: Elements) {
    (self.name, self.datatype, self.shape, self.elements) = (name, datatype, shape, elements)
  }

  /// Reads texts as bytes, because JSON holds no others.
  private static func decoded(_ texts: [[UInt8]], _ key: String) throws(HTTPError) -> [[UInt8]] {
    try texts.enumerated().map { (place, text) throws(HTTPError) in
      guard let data = Data(base64Encoded: Data(text)) else {
        throw HTTPError(400, "\(key).data[\(place)]: this is not in base64, as content_type says")
      }
      return [UInt8](data)
    }
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

  /// Joins nested lists of texts. False if something else is in them.
  private static func flatten(_ entries: [OrderedJSON], into texts: inout [[UInt8]]) -> Bool {
    for entry in entries {
      switch entry {
      case .string(let text): texts.append(Array(text.utf8))
      case .array(let inner): guard flatten(inner, into: &texts) else { return false }
      default: return false
      }
    }
    return true
  }
}
