import Foundation
import PolyphonySupport

/// A request, read and checked as a whole.
package struct HTTPRequest: Sendable {
  /// The method in capital letters.
  package var method: String
  /// The parts of the path between slashes, without percent signs.
  package var path: [String]
  /// The header fields, with names in small letters.
  package var fields: [(name: String, value: String)]
  /// The body.
  package var body: [UInt8]

  /// The value of a header field, by its name in small letters.
  package func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
}

/// An answer.
package struct HTTPResponse: Sendable {
  /// The status, such as 200.
  package var status: Int
  /// Further header fields. The connection adds those about itself and about the body's length.
  package var fields: [(name: String, value: String)]
  /// The body.
  package var body: [UInt8]
  /// True if the connection ends with this answer.
  package var closes = false

  /// Makes an answer with a body of a media type.
  package init(_ status: Int = 200, type: String, body: [UInt8], fields: [(name: String, value: String)] = []) {
    (self.status, self.body) = (status, body)
    self.fields = [("Content-Type", type)] + fields
  }

  /// Makes an answer with a JSON document.
  package init(_ status: Int = 200, json: OrderedJSON, fields: [(name: String, value: String)] = []) {
    self.init(status, type: "application/json", body: Array(json.text(.line).utf8), fields: fields)
  }

  /// Makes the answer of an error in the form of the protocol: an object with the key `error`.
  package init(_ error: HTTPError) {
    self.init(error.status, json: ["error": .string(error.message)], fields: error.fields)
  }

  /// The first line and the header fields as bytes, with the empty line behind them.
  /// - Parameter closes: true if the connection ends with this answer.
  func head(closes: Bool) -> [UInt8] {
    var text = "HTTP/1.1 \(status) \(Self.reasons[status] ?? "Unknown")\r\n"
    for (name, value) in fields { text += "\(name): \(value)\r\n" }
    text += "Date: \(HTTPDate.text(time(nil)))\r\n"
    // This status never has a body, and a length would be that of the page that the client has (RFC 9110, section 8.6).
    if status != 304 { text += "Content-Length: \(body.count)\r\n" }
    if closes { text += "Connection: close\r\n" }
    return Array((text + "\r\n").utf8)
  }

  private static let reasons = [
    200: "OK", 304: "Not Modified", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 408: "Request Timeout", 409: "Conflict", 413: "Content Too Large",
    415: "Unsupported Media Type", 417: "Expectation Failed", 431: "Request Header Fields Too Large",
    500: "Internal Server Error", 501: "Not Implemented", 503: "Service Unavailable", 505: "HTTP Version Not Supported",
  ]
}

/// A point in time in the form of HTTP (RFC 9110, section 5.6.7).
enum HTTPDate {
  private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  /// A time in words, such as `Sun, 06 Nov 1994 08:49:37 GMT`. No locale changes it.
  static func text(_ time: time_t) -> String {
    var (time, parts) = (time, tm())
    gmtime_r(&time, &parts)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let (day, month) = (days[Int(parts.tm_wday)], months[Int(parts.tm_mon)])
    let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map(two).joined(separator: ":")
    return "\(day), \(two(parts.tm_mday)) \(month) \(parts.tm_year + 1900) \(clock) GMT"
  }
}

/// A reason why a request gets no other answer than a status and a sentence.
package struct HTTPError: Error, Equatable, Sendable {
  /// The status, 400 or above.
  package var status: Int
  /// The sentence for the client. It names nothing of the server's insides.
  package var message: String
  /// Further header fields that the status asks for, such as `Allow`.
  package var fields: [(name: String, value: String)] = []

  /// Makes an error.
  package init(_ status: Int, _ message: String, fields: [(name: String, value: String)] = []) {
    (self.status, self.message, self.fields) = (status, message, fields)
  }

  package static func == (one: HTTPError, other: HTTPError) -> Bool {
    one.status == other.status && one.message == other.message
  }
}

/// The sizes and times beyond which a server refuses to serve a client.
package struct HTTPLimits: Sendable {
  /// The most bytes of a request's first line and header fields.
  package var head = 16 << 10
  /// The most header fields of a request.
  package var fields = 100
  /// The most bytes of a request's body.
  package var body = 64 << 20
  /// The most bytes of the bodies of all requests at a time.
  package var bodies = 1 << 30
  /// The most open connections.
  package var connections = 512
  /// The most seconds that a connection may stay open between two requests.
  package var idle = 75.0
  /// The most seconds from a request's first byte to its last one.
  package var receive = 30.0
  /// The most seconds until the client has taken an answer.
  package var send = 30.0
  /// The most seconds that running requests may take after a stop.
  package var drain = 30.0

  /// The usual limits.
  package init() {}
}
