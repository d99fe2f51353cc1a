import Polyphony

/// The operations for numbers and texts.
extension PickleReader {
  mutating func performNumber(_ opcode: PickleOpcode) throws(Fault) {
    switch opcode {
    case .int:
      let text = try line()
      // Protocol 0 writes truth values as 00 and 01.
      if text == "00" || text == "01" {
        push(.bool(text == "01"))
      } else {
        push(.integer(try integer(text)))
      }
    case .long:
      let text = try line()
      push(.integer(try integer(text.hasSuffix("L") ? String(text.dropLast()) : text)))
    case .float:
      let text = try line()
      guard let value = Double(text) else { throw malformed("«\(text.prefix(40))»", "a number") }
      push(.number(value))
    case .binint: push(.integer(Int(Int32(truncatingIfNeeded: try unsigned(4)))))
    case .binint1: push(.integer(Int(try byte())))
    case .binint2: push(.integer(try unsigned(2)))
    case .long1: push(.integer(try integer(bytes: Int(try byte()))))
    case .long4: push(.integer(try integer(bytes: try unsigned(4))))
    default:
      let bits = try bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      push(.number(Double(bitPattern: bits)))
    }
  }

  private func integer(_ text: String) throws(Fault) -> Int {
    guard let value = Int(text) else { throw malformed("«\(text.prefix(40))»", "an integer of 64 bits") }
    return value
  }

  /// Reads a little-endian number in two's complement.
  private mutating func integer(bytes count: Int) throws(Fault) -> Int {
    guard count <= 8 else { throw malformed("an integer of \(count) bytes", "an integer of 64 bits") }
    let bytes = try bytes(count)
    let start: UInt64 = (bytes.last ?? 0) & 0x80 == 0 ? 0 : .max
    return Int(truncatingIfNeeded: bytes.reversed().reduce(start) { $0 << 8 | UInt64($1) })
  }

  mutating func performText(_ opcode: PickleOpcode) throws(Fault) {
    switch opcode {
    case .short_binbytes, .short_binstring: try pushBytes(Int(try byte()))
    case .binbytes: try pushBytes(try unsigned(4))
    case .binstring: try pushBytes(Int(Int32(truncatingIfNeeded: try unsigned(4))))
    case .binbytes8, .bytearray8: try pushBytes(try unsigned(8))
    case .short_binunicode: try pushText(Int(try byte()))
    case .binunicode: try pushText(try unsigned(4))
    case .binunicode8: try pushText(try unsigned(8))
    case .unicode:
      let text = PickleText(file: file, range: try lineRange(), form: .rawUnicodeEscape)
      push(try kept(text))
    default:
      var range = try lineRange()
      let quotes: [UInt8] = range.count >= 2 ? [try edge(range.lowerBound), try edge(range.upperBound - 1)] : []
      guard quotes == [UInt8(ascii: "'"), UInt8(ascii: "'")] || quotes == [UInt8(ascii: "\""), UInt8(ascii: "\"")]
      else { throw malformed("a string without quotes", "a string in quotes") }
      range = range.lowerBound + 1..<range.upperBound - 1
      let text = PickleText(file: file, range: range, form: .stringEscape)
      if range.count <= Self.longestInMemory { try hold(range.count) }
      push(.bytes(try text.latin1(scratch)))
    }
  }

  private func edge(_ offset: Int) throws(Fault) -> UInt8 { try file.bytes(1, at: offset)[0] }

  private mutating func pushBytes(_ count: Int) throws(Fault) {
    if count <= Self.longestInMemory {
      try hold(max(0, count))
      push(.bytes(.memory(try bytes(count))))
    } else {
      push(.bytes(.file(file, offset: try skipped(count).lowerBound, count: count)))
    }
  }

  private mutating func pushText(_ count: Int) throws(Fault) {
    push(try kept(PickleText(file: file, range: try skipped(count), form: .utf8)))
  }

  /// Returns a short text in memory, or the place of a long one.
  private mutating func kept(_ text: PickleText) throws(Fault) -> PickleValue {
    guard text.range.count <= Self.longestInMemory else { return .longText(text) }
    try hold(text.range.count)
    return .text(try text.string())
  }

  /// Skips bytes and returns their range.
  private mutating func skipped(_ count: Int) throws(Fault) -> Range<Int> {
    guard count >= 0, count <= cursor.remaining else {
      _ = try bytes(count)
      return 0..<0
    }
    let start = cursor.position
    cursor.skip(count)
    return start..<start + count
  }

  /// Skips the rest of a line of any length and returns its range.
  private mutating func lineRange() throws(Fault) -> Range<Int> {
    let start = cursor.position
    while try byte() != UInt8(ascii: "\n") {}
    return start..<cursor.position - 1
  }
}
