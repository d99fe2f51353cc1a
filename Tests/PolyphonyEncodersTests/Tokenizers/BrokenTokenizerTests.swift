import Foundation
import PolyphonySupport
import Testing

@testable import PolyphonyEncoders

/// Files that are broken or beyond what is supported, and the faults that say so.
@Suite struct BrokenTokenizerTests {
  private static let model = #""model": {"type": "WordPiece", "vocab": {"[UNK]": 0, "a": 1}}"#

  private static func fault(_ text: String) throws -> Fault? {
    let document = try OrderedJSON(parsing: text)
    return #expect(throws: Fault.self) { try Tokenizer(TokenizerEntry(document, file: "tokenizer.json")) }
  }

  @Test(
    arguments: [
      (#""normalizer": {"type": "Unknown"}"#, "normalizer", "normalizer Unknown"),
      (
        #""pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "UnicodeScripts"}]}"#,
        "pre_tokenizer.pretokenizers.0", "pre-tokenizer UnicodeScripts"
      ),
      (#""post_processor": {"type": "Other"}"#, "post_processor", "post-processor Other"),
      (#""truncation": {"strategy": "OnlySecond", "max_length": 8}"#, "truncation", "strategy OnlySecond"),
      (#""padding": {"strategy": "BatchLongest", "pad_id": 0, "direction": "Up"}"#, "padding", "direction Up"),
      (#""version": "2.0""#, nil, "version 2.0"),
      (
        #""pre_tokenizer": {"type": "Split", "pattern": {"Regex": "a*?"}, "behavior": "Removed", "invert": false}"#,
        "pre_tokenizer.pattern.Regex", "a lazy quantifier in a regular expression"
      ),
      (
        #""pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(ab)+"}, "behavior": "Removed", "invert": false}"#,
        "pre_tokenizer.pattern.Regex", "a repeated group in a regular expression"
      ),
      (
        #""pre_tokenizer": {"type": "Split", "pattern": {"Regex": "[a"}, "behavior": "Removed", "invert": false}"#,
        "pre_tokenizer.pattern.Regex", "this set in a regular expression"
      ),
      (
        #""pre_tokenizer": {"type": "Split", "pattern": {"String": ""}, "behavior": "Removed", "invert": false}"#,
        "pre_tokenizer.pattern.String", "an empty pattern"
      ),
    ] as [(String, String?, String)])
  func unsupportedPartsAreNamed(part: String, key: String?, found: String) throws {
    let fault = try Self.fault("{\(part), \(Self.model)}")
    #expect(fault?.kind == .badData && fault?.problem == "a part of this tokenizer is not supported")
    #expect(fault?.key == key)
    #expect(fault?.found == found)
  }

  @Test(arguments: [
    ("{}", "a key is missing"), (#"{"model": 1}"#, "a value has the wrong type"),
    (#"{"model": {"type": "WordPiece", "vocab": {"a": 0}}}"#, "the vocabulary lacks the token for unknown words"),
    (#"{"model": {"type": "WordPiece", "vocab": {"[UNK]": -1}}}"#, "a token has no number"),
    (
      #"{"model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": [["a", "b"]]}}"#,
      "a merge is of tokens that the vocabulary lacks"
    ),
    (#"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a"]}}"#, "a value has the wrong type"),
    (
      #"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [], "dropout": 0.1}}"#,
      "a part of this tokenizer is not supported"
    ),
    (
      #"{"model": {"type": "Unigram", "vocab": [["a", -1.0]], "unk_id": 3}}"#,
      "the vocabulary lacks the token for unknown words"
    ),
    (
      #"{"normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAA"}, "# + model + "}",
      "this is no map of characters"
    ),
    (
      #"{"normalizer": {"type": "Precompiled", "precompiled_charsmap": "/////w=="}, "# + model + "}",
      "a map of characters is cut off"
    ),
    (
      #"{"truncation": {"strategy": "LongestFirst", "max_length": 1}, "post_processor": {"type": "BertProcessing", "#
        + #""cls": ["a", 1], "sep": ["a", 1]}, "# + model + "}",
      "the greatest length leaves no room for the special tokens"
    ),
  ])
  func brokenFilesAreFaults(text: String, problem: String) throws {
    let fault = try Self.fault(text)
    #expect(fault?.kind == .badData)
    #expect(fault?.problem == problem)
  }

  /// Changed bytes of a file end in a fault or in a tokenizer that works.
  @Test(arguments: ["wordpiece-added.json", "bpe-split.json", "unigram-character-map.json"])
  func changedFilesNeverTrap(name: String) throws {
    let fixture = try TokenizerFixture(name)
    let bytes = Array(fixture.document["tokenizer"]!.text(.line).utf8)
    var random = CountingGenerator()
    for _ in 0..<60 {
      var changed = bytes
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        changed[Int.random(in: 0..<changed.count, using: &random)] = UInt8.random(in: 0x20...0x7E, using: &random)
      }
      guard let document = try? changed.withUnsafeBytes({ try OrderedJSON(parsing: $0) }),
        let tokenizer = try? Tokenizer(TokenizerEntry(document, file: name))
      else { continue }
      for (text, _) in fixture.cases.prefix(5) { _ = tokenizer.encode(text) }
    }
  }
}

/// Numbers that are the same in every run (SplitMix64).
private struct CountingGenerator: RandomNumberGenerator {
  private var state: UInt64 = 1

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
