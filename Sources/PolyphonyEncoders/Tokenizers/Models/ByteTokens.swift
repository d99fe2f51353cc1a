/// The tokens `<0x00>` to `<0xFF>`, into which a model with `byte_fallback` divides unknown scalars.
struct ByteTokens: Sendable {
  private let ids: [Int?]

  init(_ tokens: TokenTrie) {
    let digits = Array("0123456789ABCDEF")
    ids = (0..<256).map { tokens.token("<0x\(digits[$0 >> 4])\(digits[$0 & 15])>".unicodeScalars) }
  }

  /// Returns the tokens of all bytes of a text. It is nil if the vocabulary lacks one.
  func tokens(of scalars: some Sequence<Unicode.Scalar>) -> [Int]? {
    var tokens: [Int] = []
    for scalar in scalars {
      for byte in UTF8.encode(scalar)! {
        guard let id = ids[Int(byte)] else { return nil }
        tokens.append(id)
      }
    }
    return tokens
  }

  /// Returns the tokens of a scalar with what stands around it.
  func tokens(of scalar: Unicode.Scalar, prefix: [Unicode.Scalar], suffix: [Unicode.Scalar]) -> [Int]? {
    tokens(of: prefix + [scalar] + suffix)
  }
}
