import PolyphonySupport

/// A word of a text, without a copy.
typealias WordScalars = UnsafeBufferPointer<Unicode.Scalar>

/// A vocabulary with the rule that divides a word into its tokens.
protocol TokenModel: Sendable {
  /// Appends the tokens of a word that is not empty.
  func append(_ word: WordScalars, to ids: inout [Int])
  /// Returns the number of a token.
  func id(of token: String) -> Int?
  /// The number of tokens.
  var count: Int { get }
}

/// A vocabulary that has one token a word.
struct WordLevel: TokenModel {
  private let tokens: TokenTrie
  private let unknown: Int?
  let count: Int

  init(_ entry: TokenizerEntry) throws(Fault) {
    let vocabulary = try Vocabulary(entry.required("vocab"))
    (tokens, count) = (vocabulary.trie, vocabulary.count)
    unknown = tokens.token(try entry.required("unk_token").string().unicodeScalars)
    guard unknown != nil else { throw entry.unknownTokenIsMissing }
  }

  func append(_ word: WordScalars, to ids: inout [Int]) {
    if let id = tokens.token(word) ?? unknown { ids.append(id) }
  }

  func id(of token: String) -> Int? { tokens.token(token.unicodeScalars) }
}

/// The tokens of a `vocab` object with their numbers.
struct Vocabulary {
  private(set) var trie: TokenTrie
  private(set) var count = 0

  /// Reads an object of numbers by token.
  init(_ entry: TokenizerEntry) throws(Fault) {
    guard case .object(let members) = entry.value else { throw entry.wrongType("an object of numbers by token") }
    trie = TokenTrie(capacity: members.count * 4)
    for member in members {
      guard case .integer(let id) = member.value, (0..<1 << 24).contains(id) else {
        throw Fault(
          .badData, "a token has no number", file: entry.file, key: "\(entry.path).\(member.key)",
          found: member.value.text(.line), expected: "a whole number from 0")
      }
      insert(member.key, id)
    }
  }

  /// Takes the lines of a `vocab.txt`, each a token. The first has the number 0.
  init(lines: [Substring]) {
    trie = TokenTrie(capacity: lines.count * 4)
    for (id, line) in lines.enumerated() { insert(String(line), id) }
  }

  private mutating func insert(_ token: String, _ id: Int) {
    trie.insert(token.unicodeScalars, id)
    count += 1
  }
}
