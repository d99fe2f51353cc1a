import PolyphonySupport

/// The tokens that a post-processor puts around a text, such as `[CLS]` and `[SEP]`.
struct SpecialTokens: Sendable, Equatable {
  var before: [Int] = []
  var after: [Int] = []

  var count: Int { before.count + after.count }

  static let names = ["BertProcessing", "ByteLevel", "RobertaProcessing", "Sequence", "TemplateProcessing"]

  init(before: [Int] = [], after: [Int] = []) { (self.before, self.after) = (before, after) }

  /// Reads the section `post_processor` of a `tokenizer.json`, for a single text.
  /// - Throws: `Fault(.badData)` for a part that is unknown, incomplete or not supported.
  init(_ entry: TokenizerEntry) throws(Fault) {
    let type = try entry.type()
    switch type {
    case "BertProcessing", "RobertaProcessing":
      self.init(before: [try Self.id(entry.required("cls"))], after: [try Self.id(entry.required("sep"))])
    case "ByteLevel": self.init()
    case "Sequence":
      var found = SpecialTokens()
      for processor in try entry.required("processors").elements() {
        let tokens = try SpecialTokens(processor)
        guard tokens.count == 0 || found.count == 0 else {
          throw processor.unsupported("a second processor with tokens of its own")
        }
        if tokens.count > 0 { found = tokens }
      }
      self = found
    case "TemplateProcessing": try self.init(template: entry)
    default: throw entry.unsupported("post-processor \(type)", among: Self.names)
    }
  }

  /// Reads a token as a list of name and number.
  private static func id(_ entry: TokenizerEntry) throws(Fault) -> Int {
    let pair = try entry.elements()
    guard pair.count == 2 else { throw entry.wrongType("a token and its number") }
    return try pair[1].count()
  }

  private init(template entry: TokenizerEntry) throws(Fault) {
    self.init()
    let tokens = try entry.required("special_tokens")
    var texts = 0
    for piece in try entry.required("single").elements() {
      guard case .object(let members) = piece.value, let kind = members.first?.key, members.count == 1 else {
        throw piece.wrongType("SpecialToken or Sequence")
      }
      let content = try piece.required(kind)
      guard try content.required("type_id").count() == 0 else {
        throw content.unsupported("a type_id other than 0")
      }
      if kind == "Sequence" {
        texts += 1
      } else {
        for id in try tokens.required(content.required("id").string()).required("ids").elements() {
          if texts == 0 { before.append(try id.count()) } else { after.append(try id.count()) }
        }
      }
    }
    guard texts == 1 else { throw entry.unsupported("a template with the text \(texts) times") }
  }
}
