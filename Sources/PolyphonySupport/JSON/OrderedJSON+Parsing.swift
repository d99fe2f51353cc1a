extension OrderedJSON {
  /// Parses one JSON document strictly.
  ///
  /// The parser follows RFC 8259 and refuses the doubtful cases. The text is UTF-8 without a byte order mark. It has no
  /// comments, no trailing commas, no `NaN`, no lone surrogates, no key twice in an object and no number beyond a
  /// `Double`.
  ///
  /// - Parameters:
  ///   - bytes: The whole document, possibly with white space around it.
  ///   - file: The file's name for faults.
  ///   - depthLimit: The maximum nesting of lists and objects, so that no document exhausts the stack.
  /// - Throws: `Fault(.badData)` with line and column.
  public init(parsing bytes: UnsafeRawBufferPointer, file: String? = nil, depthLimit: Int = 64) throws(Fault) {
    var parser = JSONParser(bytes: bytes, file: file, depthLimit: depthLimit)
    self = try parser.document()
  }

  /// Parses one JSON document from a string, like `init(parsing:file:depthLimit:)`.
  public init(parsing text: String, file: String? = nil, depthLimit: Int = 64) throws(Fault) {
    self = try withRawBytes(of: Array(text.utf8)) { (bytes) throws(Fault) in
      try OrderedJSON(parsing: bytes, file: file, depthLimit: depthLimit)
    }
  }
}

/// A recursive-descent parser over bytes. Its cursor only moves forward, but for numbers that turn out to be none.
struct JSONParser {
  let bytes: UnsafeRawBufferPointer
  let file: String?
  let depthLimit: Int
  /// The numbers that are kept apart from the tree. Nil if all are in it.
  var packed: PackedNumbers?
  var cursor = 0
  private var depth = 0
  private var values = 0

  init(bytes: UnsafeRawBufferPointer, file: String?, depthLimit: Int, packed: PackedNumbers? = nil) {
    self.bytes = bytes
    self.file = file
    self.depthLimit = depthLimit
    self.packed = packed
  }

  mutating func document() throws(Fault) -> OrderedJSON {
    let value = try value()
    skipSpace()
    guard cursor == bytes.count else { throw fault(expected: "the end of the document") }
    return value
  }

  private mutating func value() throws(Fault) -> OrderedJSON {
    skipSpace()
    values += 1
    if let most = packed?.mostOthers, values > most { throw fault(expected: "at most \(most) values") }
    switch peek() {
    case UInt8(ascii: "{"): return try nested { (parser) throws(Fault) in try parser.object() }
    case UInt8(ascii: "["): return try nested { (parser) throws(Fault) in try parser.array() }
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), (UInt8(ascii: "0")...UInt8(ascii: "9"))?: return try number()
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: throw fault(expected: "a value")
    }
  }

  private mutating func nested(
    _ body: (inout JSONParser) throws(Fault) -> OrderedJSON
  ) throws(Fault) -> OrderedJSON {
    depth += 1
    defer { depth -= 1 }
    guard depth <= depthLimit else { throw fault(expected: "at most \(depthLimit) levels of nesting") }
    return try body(&self)
  }

  private mutating func object() throws(Fault) -> OrderedJSON {
    cursor += 1
    var members: [OrderedJSON.Member] = []
    // Strings of different scalars may be equal in Swift. As keys they differ.
    var keys: Set<[UInt8]> = []
    skipSpace()
    if accept(UInt8(ascii: "}")) { return .object([]) }
    repeat {
      skipSpace()
      let start = cursor
      guard peek() == UInt8(ascii: "\"") else { throw fault(expected: "a key in quotes") }
      let key = try string()
      guard keys.insert(Array(key.utf8)).inserted else {
        cursor = start
        throw fault("a key stands twice in one object", key: key)
      }
      skipSpace()
      guard accept(UInt8(ascii: ":")) else { throw fault(expected: "`:` after a key") }
      let numbers = packedNumbers(of: key)
      let value = if let numbers { numbers } else { try value() }
      members.append(.init(key, value))
      skipSpace()
    } while accept(UInt8(ascii: ","))
    guard accept(UInt8(ascii: "}")) else { throw fault(expected: "`,` or `}`") }
    return .object(members)
  }

  private mutating func array() throws(Fault) -> OrderedJSON {
    cursor += 1
    var elements: [OrderedJSON] = []
    skipSpace()
    if accept(UInt8(ascii: "]")) { return .array([]) }
    repeat {
      elements.append(try value())
      skipSpace()
    } while accept(UInt8(ascii: ","))
    guard accept(UInt8(ascii: "]")) else { throw fault(expected: "`,` or `]`") }
    return .array(elements)
  }

  private mutating func word(_ word: StaticString, _ value: OrderedJSON) throws(Fault) -> OrderedJSON {
    let end = cursor + word.utf8CodeUnitCount
    let matches =
      end <= bytes.count
      && word.withUTF8Buffer { expected in bytes[cursor..<end].elementsEqual(expected) }
    guard matches else { throw fault(expected: "a value") }
    cursor = end
    return value
  }

  private mutating func number() throws(Fault) -> OrderedJSON {
    let start = cursor
    var isInteger = true
    _ = accept(UInt8(ascii: "-"))
    if !accept(UInt8(ascii: "0")) { try digits() }
    if accept(UInt8(ascii: ".")) {
      isInteger = false
      try digits()
    }
    if accept(UInt8(ascii: "e")) || accept(UInt8(ascii: "E")) {
      isInteger = false
      if !accept(UInt8(ascii: "+")) { _ = accept(UInt8(ascii: "-")) }
      try digits()
    }
    let text = String(decoding: bytes[start..<cursor], as: UTF8.self)
    if isInteger, let integer = Int(text) { return .integer(integer) }
    guard let number = Double(text), number.isFinite else {
      cursor = start
      throw fault(expected: "a number within the range of a double")
    }
    return .number(number)
  }

  private mutating func digits() throws(Fault) {
    let start = cursor
    while let byte = peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { cursor += 1 }
    guard cursor > start else { throw fault(expected: "a digit") }
  }

  /// Reads a string. Pieces without escapes are copied whole, and their UTF-8 is checked.
  private mutating func string() throws(Fault) -> String {
    cursor += 1
    var text = ""
    var piece = cursor
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: "\""):
        try append(piece..<cursor, to: &text)
        cursor += 1
        return text
      case UInt8(ascii: "\\"):
        try append(piece..<cursor, to: &text)
        text.unicodeScalars.append(try escape())
        piece = cursor
      case 0..<0x20: throw fault(expected: "no control character in a string")
      default: cursor += 1
      }
    }
    throw fault(expected: "the closing quote of a string")
  }

  private func append(_ range: Range<Int>, to text: inout String) throws(Fault) {
    let piece = String(decoding: bytes[range], as: UTF8.self)
    // Decoding repairs invalid bytes, so a changed piece was not UTF-8.
    guard piece.utf8.elementsEqual(bytes[range]) else { throw fault(expected: "valid UTF-8") }
    text += piece
  }

  private mutating func escape() throws(Fault) -> Unicode.Scalar {
    cursor += 1
    let byte = peek()
    cursor += 1
    switch byte {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{08}"
    case UInt8(ascii: "f"): return "\u{0C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try unicodeEscape()
    default:
      cursor = min(cursor - 1, bytes.count)
      throw fault(expected: "an escape such as `\\n`")
    }
  }

  /// Reads the four digits after `\u`, and the second half of a surrogate pair if the first requires it.
  private mutating func unicodeEscape() throws(Fault) -> Unicode.Scalar {
    let high = try fourHexDigits()
    if let scalar = Unicode.Scalar(high) { return scalar }
    guard high < 0xDC00, accept(UInt8(ascii: "\\")), accept(UInt8(ascii: "u")) else {
      throw fault(expected: "a surrogate pair")
    }
    let low = try fourHexDigits()
    guard (0xDC00...0xDFFF).contains(low),
      let scalar = Unicode.Scalar(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
    else { throw fault(expected: "a surrogate pair") }
    return scalar
  }

  private mutating func fourHexDigits() throws(Fault) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw fault(expected: "four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      cursor += 1
    }
    return value
  }

  func peek() -> UInt8? { cursor < bytes.count ? bytes[cursor] : nil }

  mutating func accept(_ byte: UInt8) -> Bool {
    guard peek() == byte else { return false }
    cursor += 1
    return true
  }

  mutating func skipSpace() {
    while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { cursor += 1 }
  }

  private func fault(
    _ problem: String = "this is not valid JSON", key: String? = nil, expected: String? = nil
  ) -> Fault {
    let before = bytes[..<min(cursor, bytes.count)]
    let line = 1 + before.count { $0 == 0x0A }
    let column = before.count - (before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0) + 1
    let byte = peek().map { byte in
      (0x21...0x7E).contains(byte) ? "`\(Character(Unicode.Scalar(byte)))`" : "byte \(byte)"
    }
    return Fault(
      .badData, problem, file: file, key: key,
      found: "\(byte ?? "the end") at line \(line), column \(column)", expected: expected)
  }
}
