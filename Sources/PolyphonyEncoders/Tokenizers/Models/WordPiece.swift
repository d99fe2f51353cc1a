import PolyphonySupport

/// WordPiece: the longest token that a word begins with, then the longest that goes on with it, and so on.
///
/// Later pieces have a prefix such as `##`. A word that does not come out is the unknown token as a whole.
struct WordPiece: TokenModel {
  private let tokens: TokenTrie
  private let continuation: TokenTrie.Node?
  private let unknown: Int
  private let longestWord: Int
  let count: Int

  init(_ entry: TokenizerEntry) throws(Fault) {
    try self.init(
      Vocabulary(entry.required("vocab")), unknown: entry.optional("unk_token")?.string() ?? "[UNK]",
      prefix: entry.optional("continuing_subword_prefix")?.string() ?? "##",
      longestWord: entry.optional("max_input_chars_per_word")?.count() ?? 100, entry)
  }

  init(
    _ vocabulary: Vocabulary, unknown: String, prefix: String, longestWord: Int, _ entry: TokenizerEntry
  ) throws(Fault) {
    (tokens, count) = (vocabulary.trie, vocabulary.count)
    guard let unknown = tokens.token(unknown.unicodeScalars) else { throw entry.unknownTokenIsMissing }
    self.unknown = unknown
    continuation = tokens.node(after: prefix.unicodeScalars)
    self.longestWord = longestWord
  }

  func append(_ word: WordScalars, to ids: inout [Int]) {
    let before = ids.count
    var start = 0
    while start < word.count, word.count <= longestWord {
      var node = start == 0 ? TokenTrie.root : continuation
      var longest: (id: Int, end: Int)?
      var end = start
      while end < word.count, let here = node, let child = tokens.child(of: here, word[end]) {
        end += 1
        node = child
        if let id = tokens.token(at: child) { longest = (id, end) }
      }
      guard let longest else { break }
      ids.append(longest.id)
      start = longest.end
    }
    if start < word.count {
      ids.removeSubrange(before...)
      ids.append(unknown)
    }
  }

  func id(of token: String) -> Int? { tokens.token(token.unicodeScalars) }
}
