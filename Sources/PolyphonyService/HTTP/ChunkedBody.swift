/// A body that comes in chunks (RFC 9112, section 7.1). It takes bytes as they come.
struct ChunkedBody {
  private enum State {
    case size, data(Int), dataEnd, trailer, done
  }

  /// The most bytes of a line with a chunk's size, and of all lines behind the last chunk.
  private static let longestLine = 1024

  private var state = State.size
  private var line: [UInt8] = []
  private var trailer = 0
  private let limit: Int
  /// The bytes of the chunks so far.
  private(set) var bytes: [UInt8] = []

  /// - Parameter limit: the most bytes of all chunks.
  init(limit: Int) { self.limit = limit }

  /// True behind the last line.
  var isComplete: Bool { if case .done = state { true } else { false } }

  /// Takes bytes until the body is complete.
  /// - Returns: The number of bytes that belong to the body. The rest is the next request's.
  /// - Throws: `HTTPError` for bytes that are no chunks, and for a body above the limit.
  mutating func take(_ input: ArraySlice<UInt8>) throws(HTTPError) -> Int {
    var rest = input
    while !rest.isEmpty, !isComplete {
      switch state {
      case .size:
        guard let line = try takeLine(&rest) else { break }
        let size = try Self.size(line)
        guard bytes.count + size <= limit else { throw HTTPError(413, "the body has more than \(limit) bytes") }
        state = size == 0 ? .trailer : .data(size)
      case .data(let count):
        let part = rest.prefix(count)
        bytes += part
        rest = rest.dropFirst(part.count)
        state = part.count == count ? .dataEnd : .data(count - part.count)
      case .dataEnd:
        guard let line = try takeLine(&rest) else { break }
        guard line.isEmpty else { throw Self.malformed }
        state = .size
      case .trailer:
        guard let line = try takeLine(&rest) else { break }
        trailer += line.count
        guard trailer <= Self.longestLine else { throw Self.malformed }
        if line.isEmpty { state = .done }
      case .done: break
      }
    }
    return input.count - rest.count
  }

  private static let malformed = HTTPError(400, "the request is malformed: a chunk of the body")

  /// Takes a line without its end. It is nil if the end has not come yet.
  private mutating func takeLine(_ rest: inout ArraySlice<UInt8>) throws(HTTPError) -> [UInt8]? {
    while let byte = rest.popFirst() {
      guard line.count < Self.longestLine else { throw Self.malformed }
      line.append(byte)
      guard byte == 10 else { continue }
      guard line.count >= 2, line[line.count - 2] == 13 else { throw Self.malformed }
      defer { line = [] }
      return line.dropLast(2)
    }
    return nil
  }

  /// The size at the beginning of a line. What is behind a semicolon has no meaning here.
  private static func size(_ line: [UInt8]) throws(HTTPError) -> Int {
    let digits = line.prefix { HTTPHead.digit($0) != nil }
    let rest = line.dropFirst(digits.count)
    guard (1...8).contains(digits.count), rest.first.map({ $0 == UInt8(ascii: ";") }) ?? true else { throw malformed }
    return digits.reduce(0) { $0 << 4 | Int(HTTPHead.digit($1) ?? 0) }
  }
}
