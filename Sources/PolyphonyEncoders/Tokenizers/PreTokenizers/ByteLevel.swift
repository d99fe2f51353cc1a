import PolyphonySupport

/// The bytes of a text as printable scalars, after GPT-2's division into words.
struct ByteLevel: PreTokenizer {
  private let addsSpace: Bool
  private let splits: Bool

  init(_ entry: TokenizerEntry) throws(Fault) {
    addsSpace = try entry.required("add_prefix_space").bool()
    splits = try entry.optional("use_regex")?.bool() ?? true
  }

  func split(_ text: inout SplitText) {
    if addsSpace {
      text.rewrite { piece, _, result, pieces in
        let start = result.count
        if piece.first != " " { result.append(" ") }
        result.append(contentsOf: piece)
        pieces.append(start..<result.count)
      }
    }
    if splits { text.split(.isolated, Self.words) }
    text.rewrite { piece, _, result, pieces in
      let start = result.count
      for scalar in piece { ByteAlphabet.append(scalar, to: &result) }
      pieces.append(start..<result.count)
    }
  }

  /// Divides as `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+` does.
  private static func words(_ scalars: WordScalars, _ piece: Range<Int>, _ add: (Range<Int>, Bool) -> Void) {
    let kinds: ScalarClasses = [.letter, .number, .whitespace]
    var start = piece.lowerBound
    while start < piece.upperBound {
      var end = start + contraction(scalars, start..<piece.upperBound)
      if end == start {
        // One space belongs to the word after it.
        let isLed = scalars[start] == " " && start + 1 < piece.upperBound && !scalars[start + 1].has(.whitespace)
        end = isLed ? start + 1 : start
        let kind = ScalarClasses(scalars[end]).intersection(kinds)
        while end < piece.upperBound, ScalarClasses(scalars[end]).intersection(kinds) == kind { end += 1 }
        // The last of several spaces belongs to the word after them.
        if kind.contains(.whitespace), end < piece.upperBound, end - start > 1 { end -= 1 }
      }
      add(start..<end, true)
      start = end
    }
  }

  private static func contraction(_ scalars: WordScalars, _ range: Range<Int>) -> Int {
    guard scalars[range.lowerBound] == "'", range.count > 1 else { return 0 }
    switch scalars[range.lowerBound + 1] {
    case "s", "t", "m", "d": return 2
    case "r", "v": return range.count > 2 && scalars[range.lowerBound + 2] == "e" ? 3 : 0
    case "l": return range.count > 2 && scalars[range.lowerBound + 2] == "l" ? 3 : 0
    default: return 0
    }
  }
}

/// The printable scalar of each byte, as GPT-2 has them.
enum ByteAlphabet {
  private static let scalars: [Unicode.Scalar] = {
    var other: UInt32 = 256
    return (UInt32(0)..<256).map { byte in
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return Unicode.Scalar(byte)!
      default:
        defer { other += 1 }
        return Unicode.Scalar(other)!
      }
    }
  }()

  /// Appends the scalars for the bytes of a scalar.
  static func append(_ scalar: Unicode.Scalar, to result: inout [Unicode.Scalar]) {
    if scalar.value < 0x80 {
      result.append(scalars[Int(scalar.value)])
    } else {
      for byte in UTF8.encode(scalar)! { result.append(scalars[Int(byte)]) }
    }
  }
}
