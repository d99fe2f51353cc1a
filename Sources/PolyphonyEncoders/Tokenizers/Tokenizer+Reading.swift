import Foundation
import PolyphonySupport

extension Tokenizer {
  /// Reads the tokenizer of an encoder's folder: `tokenizer.json`, or else BERT's `vocab.txt`.
  /// - Throws: `Fault(.missingInput)` if the folder has neither, `Fault(.badData)` for a file that is broken or has a
  ///   part that is not supported.
  public init(folder: String) throws(Fault) {
    let paths = ["tokenizer.json", "vocab.txt"].map { "\(folder)/\($0)" }
    if FileManager.default.fileExists(atPath: paths[0]) {
      try self.init(file: paths[0])
    } else if FileManager.default.fileExists(atPath: paths[1]) {
      try self.init(vocabulary: paths[1], settings: "\(folder)/tokenizer_config.json")
    } else {
      throw Fault(
        .missingInput, "the folder has no tokenizer", file: folder, expected: "tokenizer.json, or vocab.txt for BERT",
        remedy:
          "save the tokenizer there with transformers: AutoTokenizer.from_pretrained(NAME).save_pretrained(FOLDER)")
    }
  }

  /// Reads a `tokenizer.json`.
  /// - Throws: `Fault(.missingInput)` or `Fault(.badData)`.
  public init(file: String) throws(Fault) {
    try self.init(TokenizerEntry(try JSONFile.document(file), file: file))
  }

  /// Reads the document of a `tokenizer.json`.
  init(_ document: TokenizerEntry) throws(Fault) {
    let version = try document.optional("version")?.string()
    guard version == nil || version == "1.0" else { throw document.unsupported("version \(version!)", among: ["1.0"]) }
    let model = try TokenModels.read(document.required("model"))
    let normalizer = try document.optional("normalizer").map { (entry) throws(Fault) in try Normalizers.read(entry) }
    let preTokenizer = try document.optional("pre_tokenizer").map { (entry) throws(Fault) in
      try PreTokenizers.read(entry)
    }
    let special = try document.optional("post_processor").map { (entry) throws(Fault) in try SpecialTokens(entry) }
    var added = AddedTokens()
    var normalized = AddedTokens()
    var size = model.count
    for entry in try document.optional("added_tokens")?.elements() ?? [] {
      let content = try entry.required("content").string()
      let known = model.id(of: content)
      let id = if let known { known } else { try entry.required("id").count() }
      let token = AddedTokens.Token(
        id: id, isSingleWord: try entry.optional("single_word")?.bool() ?? false,
        stripsLeft: try entry.optional("lstrip")?.bool() ?? false,
        stripsRight: try entry.optional("rstrip")?.bool() ?? false)
      if known == nil { size += 1 }
      if try entry.optional("normalized")?.bool() ?? true {
        var text = NormalizedText(scalars: Array(content.unicodeScalars), startCount: 0)
        normalizer?.normalize(&text)
        normalized.insert(text.scalars, token)
      } else {
        added.insert(Array(content.unicodeScalars), token)
      }
    }
    self.init(
      model: model, normalizer: normalizer, preTokenizer: preTokenizer, special: special ?? SpecialTokens(),
      addedTokens: added, normalizedTokens: normalized, vocabularySize: size,
      truncation: try document.optional("truncation").map { (entry) throws(Fault) in try TokenTruncation(entry) },
      padding: try document.optional("padding").map { (entry) throws(Fault) in try TokenPadding(entry) })
    try check(document)
  }

  /// Reads BERT's list of tokens, one a line, with the rules of `tokenizer_config.json` where it is there.
  private init(vocabulary path: String, settings: String) throws(Fault) {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw Fault(.missingInput, "the file is not there or cannot be read", file: path)
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw Fault(.badData, "the file is not valid UTF-8", file: path)
    }
    var lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    if lines.last?.isEmpty == true { lines.removeLast() }
    let entry = TokenizerEntry(.object([]), file: path)
    let model = try WordPiece(Vocabulary(lines: lines), unknown: "[UNK]", prefix: "##", longestWord: 100, entry)
    guard let start = model.id(of: "[CLS]"), let end = model.id(of: "[SEP]"), let padding = model.id(of: "[PAD]") else {
      throw Fault(.badData, "the vocabulary is not BERT's", file: path, expected: "the tokens [CLS], [SEP] and [PAD]")
    }
    var added = AddedTokens()
    for name in ["[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"] {
      if let id = model.id(of: name) { added.insert(Array(name.unicodeScalars), AddedTokens.Token(id: id)) }
    }
    let isThere = FileManager.default.fileExists(atPath: settings)
    let rules = TokenizerEntry(isThere ? try JSONFile.document(settings) : .object([]), file: settings)
    self.init(
      model: model,
      normalizer: BertNormalizer(
        cleansText: true, separatesChinese: try rules.optional("tokenize_chinese_chars")?.bool() ?? true,
        stripsAccents: try rules.optional("strip_accents")?.bool(),
        lowercases: try rules.optional("do_lower_case")?.bool() ?? true),
      preTokenizer: BertPreTokenizer(), special: SpecialTokens(before: [start], after: [end]), addedTokens: added,
      normalizedTokens: AddedTokens(), vocabularySize: model.count, padding: TokenPadding(token: padding))
  }

  private func check(_ document: TokenizerEntry) throws(Fault) {
    if let truncation, truncation.length < special.count {
      throw Fault(
        .badData, "the greatest length leaves no room for the special tokens", file: document.file,
        key: "truncation.max_length", found: "\(truncation.length)", expected: "\(special.count) or more")
    }
  }
}

/// Reads the section `model` of a `tokenizer.json`.
enum TokenModels {
  static func read(_ entry: TokenizerEntry) throws(Fault) -> any TokenModel {
    // Older files leave the type out.
    let hasMerges = try entry.optional("merges") != nil
    let type = try entry.optional("type")?.string() ?? (hasMerges ? "BPE" : "WordPiece")
    switch type {
    case "BPE": return try BytePairEncoding(entry)
    case "Unigram": return try Unigram(entry)
    case "WordLevel": return try WordLevel(entry)
    case "WordPiece": return try WordPiece(entry)
    default: throw entry.unsupported("model \(type)", among: ["BPE", "Unigram", "WordLevel", "WordPiece"])
    }
  }
}
