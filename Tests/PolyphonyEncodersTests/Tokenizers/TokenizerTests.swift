import Foundation
import PolyphonySupport
import Testing

@testable import PolyphonyEncoders

/// Tokens beside those of the library `tokenizers`.
@Suite struct TokenizerTests {
  @Test func everyKindHasAFixture() {
    #expect(TokenizerFixture.names.count == 25)
  }

  @Test(arguments: TokenizerFixture.names)
  func tokensAreThoseOfTheLibrary(name: String) throws {
    let fixture = try TokenizerFixture(name)
    let tokenizer = try fixture.tokenizer()
    #expect(fixture.cases.count == 40)
    for (text, ids) in fixture.cases { #expect(tokenizer.encode(text) == ids, "\(text.debugDescription)") }
  }

  @Test func specialTokensCanBeLeftOut() throws {
    let tokenizer = try TokenizerFixture("wordpiece-uncased.json").tokenizer()
    let ids = tokenizer.encode("the movie")
    #expect(tokenizer.encode("the movie", addsSpecialTokens: false) == Array(ids.dropFirst().dropLast()))
    #expect(tokenizer.encode("").count == 2 && ids.count > 2)
  }

  /// A list of tokens alone has BERT's rules.
  @Test func readsAVocabulary() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("vocabulary-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let lines = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "mov", "##ie", "cafe", "Movie", "!"]
    try lines.joined(separator: "\n").write(toFile: "\(folder)/vocab.txt", atomically: true, encoding: .utf8)
    var tokenizer = try Tokenizer(folder: folder)
    #expect(tokenizer.encode("Movie Café! [MASK] zzz") == [2, 5, 6, 7, 9, 4, 1, 3])
    #expect(tokenizer.vocabularySize == 10)
    try #"{"do_lower_case": false}"#.write(
      toFile: "\(folder)/tokenizer_config.json", atomically: true, encoding: .utf8)
    tokenizer = try Tokenizer(folder: folder)
    #expect(tokenizer.encode("Movie Café!") == [2, 8, 1, 9, 3])
  }

  @Test func pads() {
    let rows = [[1, 2, 3], [4]]
    #expect(TokenPadding(token: 0).padded(rows) == [[1, 2, 3], [4, 0, 0]])
    #expect(TokenPadding(token: 9, isOnLeft: true).padded(rows) == [[1, 2, 3], [9, 9, 4]])
    #expect(TokenPadding(token: 0, length: 2, multiple: 4).padded(rows) == [[1, 2, 3, 0], [4, 0, 0, 0]])
    #expect(TokenPadding(token: 0).padded([]) == [])
  }

  /// A word without end takes time that grows little faster than its length.
  @Test(.timeLimit(.minutes(10)), arguments: ["bpe-fallback.json", "unigram-whole.json", "wordpiece-uncased.json"])
  func longWordsEnd(name: String) throws {
    let tokenizer = try TokenizerFixture(name).tokenizer()
    #expect(!tokenizer.encode(String(repeating: "ab", count: 10_000)).isEmpty)
  }
}
