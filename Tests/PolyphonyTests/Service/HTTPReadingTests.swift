import Foundation
import Testing

@testable import PolyphonyService
@testable import PolyphonySupport

/// Requests are read as RFC 9112 says, and strictly wherever servers in a row could read them in different ways.
@Suite struct HTTPReadingTests {
  private func head(_ text: String, limits: HTTPLimits = HTTPLimits()) throws(HTTPError) -> HTTPHead {
    try HTTPHead(Array(text.replacing("\n", with: "\r\n").utf8)[...], limits: limits)
  }

  @Test func aHeadHasItsParts() throws {
    let head = try head(
      "POST /v2/models/a%20b/infer?x=%zz HTTP/1.1\nHost: here\nContent-Length: 12\nX-Note:\t two  words \nExpect: 100-Continue"
    )
    #expect(head.method == "POST" && head.path == ["v2", "models", "a b", "infer"])
    #expect(head.body == .length(12) && head.waits && !head.closes)
    #expect(head.fields.first { $0.name == "x-note" }?.value == "two  words")
  }

  @Test(arguments: [
    ("GET / HTTP/1.1\nHost: x", false), ("GET / HTTP/1.1\nHost: x\nConnection: Close", true),
    ("GET / HTTP/1.0", true), ("GET / HTTP/1.0\nConnection: keep-alive", false),
    ("GET / HTTP/1.1\nHost: x\nConnection: upgrade, close", true),
  ])
  func aConnectionStaysOpenOrNot(text: String, closes: Bool) throws {
    #expect(try head(text).closes == closes)
  }

  @Test(arguments: [
    ("", []), ("/", []), ("/v2", ["v2"]), ("/v2/", ["v2"]), ("/v2//x", ["v2", "", "x"]), ("/a%2Fb", ["a/b"]),
    ("/..%2f..", ["../.."]), ("http://proxy:80/v2", ["v2"]), ("https://proxy", []),
  ])
  func aPathHasItsParts(path: String, parts: [String]) throws {
    let found = try? head("GET \(path) HTTP/1.1\nHost: x").path
    #expect(found == (path.isEmpty ? nil : parts))
  }

  @Test(arguments: [
    ("GET / HTTP/1.1", 400), ("GET  / HTTP/1.1\nHost: x", 400), ("GET /a b HTTP/1.1\nHost: x", 400),
    ("G(T / HTTP/1.1\nHost: x", 400), ("GET / HTTP/2.0\nHost: x", 505), ("GET / FTP/1.1\nHost: x", 400),
    ("GET v2 HTTP/1.1\nHost: x", 400), ("GET /%g0 HTTP/1.1\nHost: x", 400), ("GET /%ff HTTP/1.1\nHost: x", 400),
    ("GET /é HTTP/1.1\nHost: x", 400), ("GET / HTTP/1.1\nHost: x\nHost: y", 400),
    ("GET / HTTP/1.1\nHost : x", 400), ("GET / HTTP/1.1\nHost: x\n folded", 400),
    ("GET / HTTP/1.1\nHost: x\nNo colon", 400), ("GET / HTTP/1.1\nHost: x\nA: \u{1}", 400),
    ("GET / HTTP/1.1\nHost: x\nContent-Length: -1", 400), ("GET / HTTP/1.1\nHost: x\nContent-Length: +1", 400),
    ("GET / HTTP/1.1\nHost: x\nContent-Length: 1\nContent-Length: 1", 400),
    ("GET / HTTP/1.1\nHost: x\nContent-Length: 99999999999999999999", 400),
    ("GET / HTTP/1.1\nHost: x\nContent-Length: 1\nTransfer-Encoding: chunked", 400),
    ("GET / HTTP/1.1\nHost: x\nTransfer-Encoding: gzip, chunked", 501),
    ("GET / HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\nTransfer-Encoding: chunked", 400),
    ("POST / HTTP/1.0\nTransfer-Encoding: chunked", 400),
    ("GET / HTTP/1.1\nHost: x\nExpect: tea", 417),
    ("GET / HTTP/1.1\nHost: x" + String(repeating: "\nA: b", count: 101), 431),
  ])
  func aMalformedHeadIsRefused(text: String, status: Int) {
    let error = #expect(throws: HTTPError.self) { try head(text) }
    #expect(error?.status == status, "\(error?.message ?? "")")
  }

  /// A line end of one byte would end a line for one server, and not for another.
  @Test(arguments: ["GET / HTTP/1.1\rHost: x", "GET / HTTP/1.1\r\nHost: x\nA: b", "GET / HTTP/1.1\r\nHost: x\r"])
  func aLineEndsWithTwoBytes(text: String) {
    #expect(throws: HTTPError.self) { try HTTPHead(Array(text.utf8)[...], limits: HTTPLimits()) }
  }

  @Test func anAnswerHasItsTime() {
    #expect(HTTPDate.text(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
  }

  @Test(arguments: 1...12) func chunksComeInAnyPieces(size: Int) throws {
    let text = Array("5;note=x\r\nhello\r\n00007\r\n, world\r\n0\r\nTrailer: x\r\n\r\nGET".utf8)
    var (body, taken, place) = (ChunkedBody(limit: 12), 0, 0)
    while place < text.count, !body.isComplete {
      let part = text[place..<min(place + size, text.count)]
      taken += try body.take(part)
      place += part.count
    }
    #expect(body.isComplete && body.bytes == Array("hello, world".utf8))
    #expect(Array(text[taken...]) == Array("GET".utf8))
  }

  @Test(arguments: [
    ("x\r\n", 400), ("\r\n", 400), ("-1\r\n", 400), ("1 \r\na\r\n", 400), ("3\nabc", 400), ("3\r\nabcd\r\n", 400),
    ("100000000\r\n", 400), ("d\r\n", 413), ("ffffffff\r\n", 413), ("5\r\nhello\r\n8\r\n", 413),
    (String(repeating: "0", count: 2000), 400), ("0\r\n" + String(repeating: "a: b\r\n", count: 400), 400),
  ])
  func badChunksAreRefused(text: String, status: Int) {
    var body = ChunkedBody(limit: 12)
    let error = #expect(throws: HTTPError.self) { _ = try body.take(Array(text.utf8)[...]) }
    #expect(error?.status == status, "\(error?.message ?? "")")
  }
}

/// The numbers of a tensor are kept apart from the tree of a document, to the same bits.
@Suite struct PackedNumbersTests {
  private func parse(_ text: String, mostOthers: Int = 100) throws(Fault) -> (tree: OrderedJSON, lists: [[Double]]) {
    var numbers = PackedNumbers("data", mostOthers: mostOthers)
    let tree = try withRawBytes(of: Array(text.utf8)) { (bytes) throws(Fault) in
      try OrderedJSON(parsing: bytes, packing: &numbers)
    }
    return (tree, numbers.lists)
  }

  @Test func listsAreJoined() throws {
    let (tree, lists) = try parse(#"{"a": {"data": [ [1, 2.5] , [ -3e2,[]],true,false ]}, "data": 7, "x": [1]}"#)
    #expect(lists == [[1, 2.5, -300, 1, 0], [7]])
    #expect(tree == ["a": ["data": 0], "data": 1, "x": [1]])
  }

  @Test(arguments: [#"["a", 1]"#, #"[1, "a"]"#, "{}", #""text""#, "[1, {}]"]) func allElseStaysInTheTree(text: String)
    throws
  {
    let (tree, lists) = try parse("{\"data\": \(text)}")
    #expect(lists.isEmpty)
    #expect(tree["data"] == (try OrderedJSON(parsing: text)))
  }

  /// Shortest texts of doubles and of floats, and texts around the limits of the fast conversion.
  @Test func numbersHaveTheBitsOfTheSlowConversion() throws {
    var generator = SystemRandomNumberGenerator()
    var texts = [
      "0", "-0", "0.0", "1e22", "1e23", "1e-22", "1e-23", "9007199254740993", "900719925474099.25", "0.1", "123e-300",
      "4.9e-324", "1.7976931348623157e308", "1E+2", "0e5", "900719925474099999e3",
    ]
    for _ in 0..<2000 {
      let bits = generator.next()
      if Double(bitPattern: bits).isFinite { texts.append("\(Double(bitPattern: bits))") }
      texts.append("\(Double(Float.random(in: -10...10, using: &generator)))")
      texts.append("\(Float.random(in: -10...10, using: &generator))")
    }
    let (_, lists) = try parse("{\"data\": [\(texts.joined(separator: ","))]}")
    let expected = texts.map { Double($0)!.bitPattern }
    #expect(lists.count == 1 && lists.first?.map(\.bitPattern) == expected)
  }

  @Test(arguments: ["[1,]", "[01]", "[1.]", "[.5]", "[1e]", "[+1]", "[1 2]", "[1", "[nul]", "[1e999]", "[NaN]", "[-]"])
  func noJSONIsRefused(text: String) {
    #expect(throws: Fault.self) { try parse("{\"data\": \(text)}") }
  }

  @Test func nullIsNoNumber() throws {
    let (_, lists) = try parse(#"{"data": [null, 1]}"#)
    #expect(lists.count == 1 && lists[0][0].isNaN && lists[0][1] == 1)
  }

  @Test func theTreeHasALimit() throws {
    _ = try parse("{\"x\": [\(Array(repeating: "1", count: 90).joined(separator: ","))]}")
    #expect(throws: Fault.self) { try parse("{\"x\": [\(Array(repeating: "1", count: 110).joined(separator: ","))]}") }
    #expect(throws: Fault.self) { try parse("{\"data\": \(String(repeating: "[", count: 5000))}") }
  }
}
