/// The numbers that a parser keeps apart from the tree of a document.
///
/// A number in the tree takes about 50 bytes. A list of numbers apart from it takes 8 for each. Servers read documents of
/// strangers, so the memory must be in proportion to the text.
package struct PackedNumbers: Sendable {
  /// The key whose numbers are kept apart, wherever it stands.
  package let key: String
  /// The most values that the tree may have besides.
  package let mostOthers: Int
  /// The lists of numbers in the order of the document. Nested lists are joined. A truth value is 0 or 1, and `null` is
  /// not a number.
  package fileprivate(set) var lists: [[Double]] = []

  /// Names the key, and limits the other values.
  package init(_ key: String, mostOthers: Int = 100_000) { (self.key, self.mostOthers) = (key, mostOthers) }
}

extension OrderedJSON {
  /// Parses one JSON document like `init(parsing:file:depthLimit:)`, and keeps the numbers of one key apart.
  ///
  /// In the tree, the key's value is the place of its list. A value that holds anything but numbers, truth values and
  /// `null` stays in the tree, and is never an integer there.
  /// - Throws: `Fault(.badData)` with line and column.
  package init(parsing bytes: UnsafeRawBufferPointer, packing numbers: inout PackedNumbers) throws(Fault) {
    var parser = JSONParser(bytes: bytes, file: nil, depthLimit: 64, packed: numbers)
    self = try parser.document()
    numbers = parser.packed ?? numbers
  }
}

extension JSONParser {
  /// Reads the value of a key as numbers. It is nil, and the cursor stays, for any other key or value.
  mutating func packedNumbers(of key: String) -> OrderedJSON? {
    guard let packed, key == packed.key else { return nil }
    let start = cursor
    var list: [Double] = []
    guard scanNumbers(into: &list) else {
      cursor = start
      return nil
    }
    self.packed?.lists.append(list)
    return .integer(packed.lists.count)
  }

  private mutating func scanNumbers(into list: inout [Double]) -> Bool {
    var depth = 0
    while true {
      skipSpace()
      switch peek() {
      case UInt8(ascii: "["):
        depth += 1
        cursor += 1
        guard depth < depthLimit else { return false }
        skipSpace()
        guard peek() == UInt8(ascii: "]") else { continue }
      case UInt8(ascii: "t"): guard scan("true", 1, into: &list) else { return false }
      case UInt8(ascii: "f"): guard scan("false", 0, into: &list) else { return false }
      case UInt8(ascii: "n"): guard scan("null", .nan, into: &list) else { return false }
      default:
        guard let number = scanNumber() else { return false }
        list.append(number)
      }
      // Behind a value there is the end of lists, and then a comma or the end.
      skipSpace()
      while depth > 0, accept(UInt8(ascii: "]")) {
        depth -= 1
        skipSpace()
      }
      if depth == 0 { return true }
      guard accept(UInt8(ascii: ",")) else { return false }
    }
  }

  private mutating func scan(_ word: StaticString, _ value: Double, into list: inout [Double]) -> Bool {
    let end = cursor + word.utf8CodeUnitCount
    guard end <= bytes.count, word.withUTF8Buffer({ bytes[cursor..<end].elementsEqual($0) }) else { return false }
    cursor = end
    list.append(value)
    return true
  }

  /// The powers of ten that a double holds exactly.
  private static let powers: [Double] = (0...22).map { exponent in (0..<exponent).reduce(1.0) { value, _ in value * 10 }
  }

  /// Reads a number. It is nil for anything else, and for a number beyond a double.
  ///
  /// A quotient or product of two exact doubles is rounded once. So digits below 2⁵³ with a power of ten up to 10²² need
  /// no slower conversion.
  private mutating func scanNumber() -> Double? {
    let start = cursor
    let isNegative = accept(UInt8(ascii: "-"))
    var digits: UInt64 = 0
    var isExact = true
    var exponent = 0
    func isDigit(_ byte: UInt8?) -> Bool { byte.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false }
    func take(_ parser: inout JSONParser) -> Int {
      let first = parser.cursor
      while let byte = parser.peek(), isDigit(byte) {
        if digits < 900_719_925_474_099 {
          digits = digits * 10 + UInt64(byte - UInt8(ascii: "0"))
        } else {
          isExact = false
        }
        parser.cursor += 1
      }
      return parser.cursor - first
    }
    if accept(UInt8(ascii: "0")) {
      guard !isDigit(peek()) else { return nil }
    } else if take(&self) == 0 {
      return nil
    }
    if accept(UInt8(ascii: ".")) {
      let count = take(&self)
      guard count > 0 else { return nil }
      exponent -= count
    }
    if accept(UInt8(ascii: "e")) || accept(UInt8(ascii: "E")) {
      let isSmall = accept(UInt8(ascii: "-"))
      if !isSmall { _ = accept(UInt8(ascii: "+")) }
      let first = cursor
      var power = 0
      while let byte = peek(), isDigit(byte) {
        power = min(power * 10 + Int(byte - UInt8(ascii: "0")), 10_000)
        cursor += 1
      }
      guard cursor > first else { return nil }
      exponent += isSmall ? -power : power
    }
    if isExact, abs(exponent) < Self.powers.count {
      let value = exponent < 0 ? Double(digits) / Self.powers[-exponent] : Double(digits) * Self.powers[exponent]
      return isNegative ? -value : value
    }
    guard let value = Double(String(decoding: bytes[start..<cursor], as: UTF8.self)), value.isFinite else { return nil }
    return value
  }
}
