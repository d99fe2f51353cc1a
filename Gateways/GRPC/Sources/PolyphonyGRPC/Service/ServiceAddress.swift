import Foundation

/// The address of a service, such as `http://127.0.0.1:8080`.
package struct ServiceAddress: Sendable, CustomStringConvertible {
  /// The address without a slash at its end.
  package let description: String

  /// Reads an address. It is nil for one that names no host, and for one of another kind than HTTP.
  package init?(_ text: String) {
    guard let parts = URLComponents(string: text), let scheme = parts.scheme, ["http", "https"].contains(scheme),
      let host = parts.host, !host.isEmpty, parts.query == nil, parts.fragment == nil, parts.user == nil
    else { return nil }
    description = String(text.reversed().drop { $0 == "/" }.reversed())
  }

  /// The address of a place in the service, whose parts may have any characters.
  package func url(_ path: [String]) -> String {
    path.reduce(description) { $0 + "/" + Self.encoded($1) }
  }

  /// A text with percent signs (RFC 3986, section 2.1), so that no name of a model leads to another place.
  private static func encoded(_ text: String) -> String {
    text.utf8.map { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
        String(UnicodeScalar(byte))
      default: String(format: "%%%02X", byte)
      }
    }.joined()
  }
}
