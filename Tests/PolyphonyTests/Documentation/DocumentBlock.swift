/// A fenced block of a document: a listing, a command or a file.
struct DocumentBlock {
  /// What stands behind the opening fence; empty where nothing does.
  var language: String
  /// The number of its first line in the document, from 1.
  var line: Int
  /// The lines between the fences.
  var lines: [String]

  /// All blocks of a document, in their order.
  static func all(in text: String) -> [DocumentBlock] {
    var blocks: [DocumentBlock] = []
    var open: DocumentBlock?
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init).enumerated() {
      guard var block = open else {
        if line.hasPrefix("```") {
          open = DocumentBlock(language: String(line.dropFirst(3)), line: index + 2, lines: [])
        }
        continue
      }
      if line == "```" {
        blocks.append(block)
        open = nil
      } else {
        block.lines.append(line)
        open = block
      }
    }
    return blocks
  }
}
