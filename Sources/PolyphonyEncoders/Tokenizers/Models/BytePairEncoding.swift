import PolyphonySupport

/// Byte-pair encoding: the scalars of a word, joined pair by pair in the order in which training learned the pairs.
struct BytePairEncoding: TokenModel {
  private let tokens: TokenTrie
  /// For a pair `left << 32 | right` its rank and its token, as `rank << 32 | token`.
  private let merges: IntegerTable
  private let unknown: Int?
  private let fusesUnknown: Bool
  private let takesWholeWords: Bool
  private let prefix: [Unicode.Scalar]
  private let suffix: [Unicode.Scalar]
  private let bytes: ByteTokens?
  let count: Int

  init(_ entry: TokenizerEntry) throws(Fault) {
    let vocabulary = try Vocabulary(entry.required("vocab"))
    (tokens, count) = (vocabulary.trie, vocabulary.count)
    if let dropout = try entry.optional("dropout"), try dropout.number() > 0 { throw dropout.unsupported("dropout") }
    unknown = try entry.optional("unk_token").flatMap { (token) throws(Fault) in
      guard let id = vocabulary.trie.token(try token.string().unicodeScalars) else { throw entry.unknownTokenIsMissing }
      return id
    }
    fusesUnknown = try entry.optional("fuse_unk")?.bool() ?? false
    takesWholeWords = try entry.optional("ignore_merges")?.bool() ?? false
    prefix = Array(try entry.optional("continuing_subword_prefix")?.string().unicodeScalars ?? "".unicodeScalars)
    suffix = Array(try entry.optional("end_of_word_suffix")?.string().unicodeScalars ?? "".unicodeScalars)
    bytes = try entry.optional("byte_fallback")?.bool() == true ? ByteTokens(tokens) : nil
    merges = try Self.merges(entry.required("merges"), tokens, prefix)
  }

  private static func merges(
    _ entry: TokenizerEntry, _ tokens: TokenTrie, _ prefix: [Unicode.Scalar]
  ) throws(Fault) -> IntegerTable {
    let pairs = try entry.elements()
    var merges = IntegerTable(capacity: pairs.count)
    for (rank, pair) in pairs.enumerated() {
      let parts = try parts(of: pair)
      let left = Array(parts.0.unicodeScalars)
      let right = Array(parts.1.unicodeScalars)
      guard let a = tokens.token(left), let b = tokens.token(right), right.starts(with: prefix),
        let joined = tokens.token(left + right.dropFirst(prefix.count))
      else {
        throw Fault(
          .badData, "a merge is of tokens that the vocabulary lacks", file: pair.file, key: pair.path,
          found: "\(parts.0) \(parts.1)")
      }
      merges.set(UInt64(a) << 32 | UInt64(b), UInt64(rank) << 32 | UInt64(joined))
    }
    return merges
  }

  /// A merge is a list of two tokens, or, in older files, a text with a space between them.
  private static func parts(of pair: TokenizerEntry) throws(Fault) -> (String, String) {
    if case .array(let both) = pair.value, both.count == 2, case .string(let left) = both[0],
      case .string(let right) = both[1]
    {
      return (left, right)
    }
    if case .string(let text) = pair.value {
      let both = text.unicodeScalars.split(separator: " ", omittingEmptySubsequences: false)
      if both.count == 2 { return (String(both[0]), String(both[1])) }
    }
    throw pair.wrongType("two tokens")
  }

  func append(_ word: WordScalars, to ids: inout [Int]) {
    if takesWholeWords, let id = tokens.token(word) { return ids.append(id) }
    var symbols = MergedSymbols(capacity: word.count)
    var pending: Int?
    for (index, scalar) in word.enumerated() {
      if let id = symbol(scalar, isFirst: index == 0, isLast: index == word.count - 1) {
        if let token = pending { symbols.append(token) }
        pending = nil
        symbols.append(id)
      } else if let fallback = bytes?.tokens(
        of: scalar, prefix: index == 0 ? [] : prefix,
        suffix: index == word.count - 1 ? suffix : [])
      {
        for id in fallback { symbols.append(id) }
      } else if let unknown {
        if let token = pending, !fusesUnknown { symbols.append(token) }
        pending = unknown
      }
    }
    if let token = pending { symbols.append(token) }
    symbols.merge(by: merges)
    symbols.forEach { ids.append($0) }
  }

  @inline(__always)
  private func symbol(_ scalar: Unicode.Scalar, isFirst: Bool, isLast: Bool) -> Int? {
    var node: TokenTrie.Node? = TokenTrie.root
    if !isFirst, !prefix.isEmpty { node = tokens.node(after: prefix) }
    node = node.flatMap { tokens.child(of: $0, scalar) }
    if isLast, !suffix.isEmpty { node = node.flatMap { tokens.node(after: suffix, from: $0) } }
    return node.flatMap { tokens.token(at: $0) }
  }

  func id(of token: String) -> Int? { tokens.token(token.unicodeScalars) }
}
