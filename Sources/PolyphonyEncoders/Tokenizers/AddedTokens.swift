/// The tokens that are found in a text before it is divided, such as `[MASK]`.
struct AddedTokens: Sendable {
  /// A token with its rules.
  struct Token: Sendable {
    var id: Int
    var isSingleWord = false
    /// True if the token takes the white space before it.
    var stripsLeft = false
    /// True if the token takes the white space after it.
    var stripsRight = false
  }

  /// A part of a text.
  enum Part {
    case text(Range<Int>)
    case token(Int)
  }

  private var tokens: [Token] = []
  /// The places in `tokens` by text.
  private var trie = TokenTrie()
  private var firstScalars: Set<Unicode.Scalar> = []

  mutating func insert(_ text: [Unicode.Scalar], _ token: Token) {
    guard let first = text.first else { return }
    trie.insert(text, tokens.count)
    tokens.append(token)
    firstScalars.insert(first)
  }

  /// Divides a text at its tokens. The leftmost is taken, and of several there the longest.
  func parts(of text: [Unicode.Scalar]) -> [Part] {
    guard !tokens.isEmpty else { return [.text(0..<text.count)] }
    var parts: [Part] = []
    var end = 0
    var place = 0
    while place < text.count {
      guard firstScalars.contains(text[place]), let found = longest(in: text, at: place) else {
        place += 1
        continue
      }
      var match = place..<found.end
      place = found.end
      let token = found.token
      if token.isSingleWord, isInWord(match, text) { continue }
      if token.stripsLeft {
        let spaces = text[..<match.lowerBound].reversed().prefix { $0.has(.whitespace) }.count
        match = max(match.lowerBound - spaces, end)..<match.upperBound
      }
      if token.stripsRight {
        let spaces = text[match.upperBound...].prefix { $0.has(.whitespace) }.count
        match = match.lowerBound..<match.upperBound + spaces
      }
      if end < match.lowerBound { parts.append(.text(end..<match.lowerBound)) }
      parts.append(.token(token.id))
      end = match.upperBound
    }
    if end < text.count { parts.append(.text(end..<text.count)) }
    return parts
  }

  private func longest(in text: [Unicode.Scalar], at start: Int) -> (token: Token, end: Int)? {
    var node = TokenTrie.root
    var longest: (Token, Int)?
    var place = start
    while place < text.count, let child = trie.child(of: node, text[place]) {
      (node, place) = (child, place + 1)
      if let token = trie.token(at: child) { longest = (tokens[token], place) }
    }
    return longest
  }

  private func isInWord(_ match: Range<Int>, _ text: [Unicode.Scalar]) -> Bool {
    match.lowerBound > 0 && text[match.lowerBound - 1].has(.word)
      || match.upperBound < text.count && text[match.upperBound].has(.word)
  }
}
