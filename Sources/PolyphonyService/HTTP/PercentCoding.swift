/// Text in addresses and header fields, with percent signs for what they cannot hold (RFC 3986, section 2.1).
enum PercentCoding {
  /// Reads a text. It is nil for a percent sign without two digits, and for bytes that are no UTF-8.
  static func decoded(_ bytes: some Sequence<UInt8>) -> String? {
    var decoded: [UInt8] = []
    var rest = bytes.makeIterator()
    while let byte = rest.next() {
      guard byte == UInt8(ascii: "%") else {
        decoded.append(byte)
        continue
      }
      guard let high = rest.next().flatMap(HTTPHead.digit), let low = rest.next().flatMap(HTTPHead.digit) else {
        return nil
      }
      decoded.append(high << 4 | low)
    }
    return String(validating: decoded, as: UTF8.self)
  }

  /// Writes a text so that letters, digits, `-`, `.`, `_` and `~` alone stay as they are.
  static func encoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF")
    return text.utf8.reduce(into: "") { text, byte in
      if byte.isAlphanumeric || "-._~".utf8.contains(byte) {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        text += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
      }
    }
  }
}
