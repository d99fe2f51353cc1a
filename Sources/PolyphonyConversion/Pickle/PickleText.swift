import Polyphony

/// A text in a pickle: its place in the file and its form.
struct PickleText {
  /// The written form of a text.
  enum Form {
    /// Text in UTF-8.
    case utf8
    /// Latin-1 letters, with other scalars as `\uXXXX` and `\UXXXXXXXX`, up to the end of a line (protocol 0).
    case rawUnicodeEscape
    /// A Python 2 string in quotes, with `\n`, `\'`, `\x00` and so on, up to the end of a line (protocol 0).
    case stringEscape
  }

  let file: RandomAccessFile
  let range: Range<Int>
  let form: Form

  /// Calls `body` with one scalar after another.
  /// - Throws: `Fault(.badData)` for an invalid form, or the error of `body`.
  func forEachScalar(_ body: (UInt32) throws(Fault) -> Void) throws(Fault) {
    var cursor = ByteCursor(file, range)
    while let byte = try cursor.next() {
      switch form {
      case .utf8: try body(byte < 0x80 ? UInt32(byte) : try scalar(byte, &cursor))
      case .rawUnicodeEscape: try body(byte == UInt8(ascii: "\\") ? try unicode(&cursor) : UInt32(byte))
      case .stringEscape:
        if byte != UInt8(ascii: "\\") {
          try body(UInt32(byte))
        } else if let value = try escape(&cursor) {
          try body(value)
        }
      }
    }
  }

  /// Returns the text in memory.
  func string() throws(Fault) -> String {
    var scalars = String.UnicodeScalarView()
    try forEachScalar { (value) throws(Fault) in scalars.append(Unicode.Scalar(value) ?? "\u{FFFD}") }
    return String(scalars)
  }

  /// Returns the bytes that the text encodes, each as the letter of the same number.
  /// - Throws: `Fault(.badData)` for a letter above 255.
  func latin1(_ scratch: ScratchFile) throws(Fault) -> ByteRange {
    let isShort = range.count <= PickleReader.longestInMemory
    let start = scratch.count
    var memory: [UInt8] = []
    try forEachScalar { (value) throws(Fault) in
      guard let byte = UInt8(exactly: value) else { throw broken("the letter \(value)", "letters up to 255") }
      if isShort { memory.append(byte) } else { try scratch.append(byte) }
    }
    return isShort ? .memory(memory) : try scratch.range(from: start)
  }

  /// Reads the rest of a scalar in UTF-8. Surrogates pass, as in Python's pickles.
  private func scalar(_ first: UInt8, _ cursor: inout ByteCursor) throws(Fault) -> UInt32 {
    let (count, head): (Int, UInt8) =
      first >= 0xF0 ? (3, first & 0x07) : first >= 0xE0 ? (2, first & 0x0F) : (1, first & 0x1F)
    guard (0xC2...0xF4).contains(first) else { throw broken("the byte \(first)", "UTF-8") }
    var value = UInt32(head)
    for _ in 0..<count {
      guard let byte = try cursor.next(), byte & 0xC0 == 0x80 else { throw broken("a broken letter", "UTF-8") }
      value = value << 6 | UInt32(byte & 0x3F)
    }
    return value
  }

  /// Reads the escape after a backslash in a raw Unicode text: `uXXXX`, `UXXXXXXXX`, or nothing special.
  private func unicode(_ cursor: inout ByteCursor) throws(Fault) -> UInt32 {
    var ahead = cursor
    guard let letter = try ahead.next(), letter == UInt8(ascii: "u") || letter == UInt8(ascii: "U") else {
      return UInt32(UInt8(ascii: "\\"))
    }
    cursor = ahead
    return try hexadecimal(letter == UInt8(ascii: "u") ? 4 : 8, &cursor)
  }

  /// Reads the escape after a backslash in a Python 2 string. It is nil for an escaped end of line.
  private func escape(_ cursor: inout ByteCursor) throws(Fault) -> UInt32? {
    guard let letter = try cursor.next() else { throw broken("a backslash at the end", "an escape") }
    switch letter {
    case UInt8(ascii: "n"): return 10
    case UInt8(ascii: "r"): return 13
    case UInt8(ascii: "t"): return 9
    case UInt8(ascii: "a"): return 7
    case UInt8(ascii: "b"): return 8
    case UInt8(ascii: "f"): return 12
    case UInt8(ascii: "v"): return 11
    case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): return UInt32(letter)
    case UInt8(ascii: "x"): return try hexadecimal(2, &cursor)
    default: throw broken("\\\(Character(Unicode.Scalar(letter)))", "an escape that Python 2 writes")
    }
  }

  private func hexadecimal(_ count: Int, _ cursor: inout ByteCursor) throws(Fault) -> UInt32 {
    guard let bytes = try cursor.next(count), bytes.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let value = UInt32(String(decoding: bytes, as: UTF8.self), radix: 16)
    else { throw broken("a broken escape", "\(count) hexadecimal digits") }
    return value
  }

  private func broken(_ found: String, _ expected: String) -> Fault {
    Fault(
      .badData, "a text in the pickle is broken", file: file.path, found: "\(found) after byte \(range.lowerBound)",
      expected: expected, remedy: "copy or download the file again")
  }
}
