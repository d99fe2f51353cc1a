/// The first line and the header fields of a request (RFC 9112).
///
/// The reader is strict wherever servers in a row could read a request in different ways. A line ends with CR and LF, a
/// body has one length, and no field goes over two lines.
struct HTTPHead {
  /// The form of a body.
  enum Body: Equatable {
    case length(Int)
    case chunked
  }

  let method: String
  let path: [String]
  let fields: [(name: String, value: String)]
  let body: Body
  /// True if the client wants no further request on this connection.
  let closes: Bool
  /// True if the client waits for a word before it sends the body.
  let waits: Bool

  /// Reads the bytes before the empty line.
  /// - Throws: `HTTPError` with the status that the standard gives.
  init(_ bytes: ArraySlice<UInt8>, limits: HTTPLimits) throws(HTTPError) {
    var lines: [ArraySlice<UInt8>] = []
    var rest = bytes
    while let end = rest.firstIndex(of: 13) {
      lines.append(rest[..<end])
      guard rest.index(after: end) < rest.endIndex, rest[end + 1] == 10 else { throw Self.malformed("a line end") }
      rest = rest[(end + 2)...]
    }
    lines.append(rest)
    guard lines.count - 1 <= limits.fields else { throw HTTPError(431, "the request has too many header fields") }
    let words = lines[0].split(separator: 32, omittingEmptySubsequences: false)
    guard words.count == 3, !words[0].isEmpty, words[0].allSatisfy(Self.isToken) else {
      throw Self.malformed("the first line")
    }
    method = String(decoding: words[0], as: UTF8.self)
    path = try Self.path(words[1])
    let isCurrent = words[2].elementsEqual("HTTP/1.1".utf8)
    guard isCurrent || words[2].elementsEqual("HTTP/1.0".utf8) else {
      guard words[2].starts(with: "HTTP/".utf8) else { throw Self.malformed("the first line") }
      throw HTTPError(505, "the service speaks HTTP/1.1")
    }
    fields = try lines.dropFirst().map { (line) throws(HTTPError) in try Self.field(line) }
    let hosts = fields.count { $0.name == "host" }
    guard hosts == 1 || hosts == 0 && !isCurrent else { throw Self.malformed("the field Host") }
    body = try Self.body(fields)
    // A server of HTTP/1.0 in front of this one may have seen no chunks, and so another end (RFC 9112, section 6.1).
    guard isCurrent || body != .chunked else { throw Self.malformed("a transfer encoding in HTTP/1.0") }
    let options = Self.list(fields, "connection")
    closes = options.contains("close") || !isCurrent && !options.contains("keep-alive")
    let expected = Self.list(fields, "expect")
    guard expected.allSatisfy({ $0 == "100-continue" }) else { throw HTTPError(417, "only 100-continue is known") }
    waits = isCurrent && !expected.isEmpty
  }

  private static func malformed(_ place: String) -> HTTPError { HTTPError(400, "the request is malformed: \(place)") }

  /// The bytes of names of methods and fields.
  private static func isToken(_ byte: UInt8) -> Bool {
    byte.isAlphanumeric || "!#$%&'*+-.^_`|~".utf8.contains(byte)
  }

  private static func field(_ line: ArraySlice<UInt8>) throws(HTTPError) -> (name: String, value: String) {
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
      line[..<colon].allSatisfy(isToken)
    else { throw malformed("a header field") }
    let value = line[(colon + 1)...]
    guard value.allSatisfy({ $0 == 9 || $0 >= 32 && $0 != 127 }) else { throw malformed("a header field") }
    let trimmed = value.drop { $0 == 32 || $0 == 9 }
    let end = (trimmed.lastIndex { $0 != 32 && $0 != 9 } ?? trimmed.startIndex - 1) + 1
    let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
    return (name, String(decoding: trimmed[..<end], as: UTF8.self))
  }

  /// The parts of a list in all fields of a name, in small letters.
  private static func list(_ fields: [(name: String, value: String)], _ name: String) -> [String] {
    fields.filter { $0.name == name }.flatMap { $0.value.split(separator: ",") }.map { part in
      part.filter { $0 != " " && $0 != "\t" }.lowercased()
    }
  }

  private static func body(_ fields: [(name: String, value: String)]) throws(HTTPError) -> Body {
    let codings = fields.filter { $0.name == "transfer-encoding" }
    let lengths = fields.filter { $0.name == "content-length" }.map(\.value)
    if let coding = codings.first {
      guard codings.count == 1, lengths.isEmpty else { throw malformed("two lengths of the body") }
      guard coding.value.lowercased() == "chunked" else { throw HTTPError(501, "this transfer encoding is not known") }
      return .chunked
    }
    guard let first = lengths.first else { return .length(0) }
    guard lengths.count == 1, !first.isEmpty, first.utf8.count <= 18,
      first.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let length = Int(first)
    else { throw malformed("the field Content-Length") }
    return .length(length)
  }

  /// The parts of a target's path. Servers behind a proxy may get a whole address.
  private static func path(_ target: ArraySlice<UInt8>) throws(HTTPError) -> [String] {
    guard target.allSatisfy({ $0 > 32 && $0 < 127 }) else { throw malformed("the address") }
    var rest = target
    for scheme in ["http://", "https://"] where rest.starts(with: scheme.utf8) {
      rest = rest.dropFirst(scheme.utf8.count).drop { $0 != UInt8(ascii: "/") }
      if rest.isEmpty { return [] }
    }
    guard rest.first == UInt8(ascii: "/") else { throw malformed("the address") }
    let path = rest.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
    var parts: [String] = []
    for part in path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst() {
      guard let text = PercentCoding.decoded(part) else { throw malformed("the address") }
      parts.append(text)
    }
    // A slash at the end changes nothing.
    if parts.last == "" { parts.removeLast() }
    return parts
  }

  /// The value of a hexadecimal digit.
  static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
