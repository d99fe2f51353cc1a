import Foundation
import PolyphonySupport

/// An input of a request as the document describes it: a name, a type, a shape, and where the elements are.
struct InputHeader: Sendable {
  /// The place of the elements.
  enum Content: Sendable {
    /// They are so many bytes behind the document.
    case binary(size: Int)
    /// They are numbers of the document.
    case numbers([Double])
    /// They are texts of the document.
    case texts([[UInt8]])
  }

  let name: String
  let datatype: Datatype
  let shape: [Int]
  let content: Content
  /// True if texts hold bytes in base64.
  let isBase64: Bool

  /// The most dimensions of a tensor.
  private static let mostDimensions = 8
  /// The most elements of a tensor, so that no product of sizes overflows.
  private static let mostElements = 1 << 40

  /// Reads the object of a tensor.
  /// - Parameters:
  ///   - document: the tensor's object in the request.
  ///   - key: the object's place, for messages.
  ///   - numbers: the lists of numbers of the document.
  /// - Throws: `HTTPError(400)`.
  init(_ document: OrderedJSON, _ key: String, _ numbers: PackedNumbers) throws(HTTPError) {
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
    isBase64 = datatype == .bytes && parameters?["content_type"] == "base64"
    if let size = parameters?["binary_data_size"] {
      guard case .integer(let size) = size, size >= 0 else {
        throw refuse(".parameters.binary_data_size", "a number of bytes is needed")
      }
      guard document["data"] == nil else { throw refuse(".data", "the tensor has data in two places") }
      if let width = datatype.size, size != width * count {
        throw refuse("", "\(size) bytes are announced, and the shape \(shape) of \(word) needs \(width * count)")
      }
      content = .binary(size: size)
      return
    }
    let found: Int
    switch document["data"] {
    case .integer(let place)? where datatype != .bytes && numbers.lists.indices.contains(place):
      content = .numbers(numbers.lists[place])
      found = numbers.lists[place].count
    case .array(let entries)? where datatype == .bytes:
      var texts: [[UInt8]] = []
      guard Self.flatten(entries, into: &texts) else { throw refuse(".data", "a list of texts is needed") }
      content = .texts(try isBase64 ? Self.decoded(texts, key) : texts)
      found = texts.count
    default: throw refuse(".data", datatype == .bytes ? "a list of texts is needed" : "a list of numbers is needed")
    }
    guard found == count else {
      throw refuse(".data", "\(found) elements are there, and the shape \(shape) needs \(count)")
    }
  }

  /// The number of elements.
  var count: Int { shape.reduce(1, *) }

  /// True if the elements are behind the document.
  var isBinary: Bool { if case .binary = content { true } else { false } }

  /// Reads texts as bytes, because JSON holds no others.
  static func decoded(_ texts: [[UInt8]], _ key: String) throws(HTTPError) -> [[UInt8]] {
    try texts.enumerated().map { (place, text) throws(HTTPError) in
      guard let data = Data(base64Encoded: Data(text)) else {
        throw HTTPError(400, "\(key).data[\(place)]: this is not in base64, as content_type says")
      }
      return [UInt8](data)
    }
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
