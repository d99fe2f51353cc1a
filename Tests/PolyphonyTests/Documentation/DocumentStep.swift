/// What a reader of a document does with one of its blocks: runs a command, or writes a file.
enum DocumentStep: Equatable {
  case command(line: Int, words: [String])
  case file(name: String, text: String)

  /// The languages of blocks with commands. In `console` a command has `$ ` in front, and other lines are its output.
  private static let shells = ["sh", "bash", "console"]

  /// The languages of blocks that a reader writes into the file that the first line names, as in `# compare.yaml`.
  private static let files = ["yaml", "python"]

  /// The steps of a document, in their order.
  static func all(in text: String) -> [DocumentStep] {
    DocumentBlock.all(in: text).flatMap { block -> [DocumentStep] in
      if shells.contains(block.language) { return commands(block) }
      guard files.contains(block.language), let first = block.lines.first,
        let name = first.wholeMatch(of: #/\# (\S+\.(?:yaml|py))/#)?.1
      else { return [] }
      return [.file(name: String(name), text: block.lines.joined(separator: "\n") + "\n")]
    }
  }

  private static func commands(_ block: DocumentBlock) -> [DocumentStep] {
    var steps: [DocumentStep] = []
    var before = ""
    var start = block.line
    for (offset, line) in block.lines.enumerated() {
      if before.isEmpty { start = block.line + offset }
      if line.hasSuffix("\\") {
        before += line.dropLast() + " "
        continue
      }
      let whole = before + line
      before = ""
      if block.language == "console", !whole.hasPrefix("$ ") { continue }
      let words = words(of: block.language == "console" ? String(whole.dropFirst(2)) : whole)
      if !words.isEmpty { steps.append(.command(line: start, words: words)) }
    }
    return steps
  }

  /// The words of a shell's line: quotes hold words together, and a comment ends the line.
  static func words(of line: String) -> [String] {
    var words: [String] = []
    var word: String?
    var quote: Character?
    for character in line {
      if let open = quote {
        if character == open { quote = nil } else { word = (word ?? "") + String(character) }
      } else if character == "'" || character == "\"" {
        quote = character
        word = word ?? ""
      } else if character == " " {
        if let whole = word { words.append(whole) }
        word = nil
      } else if character == "#", word == nil {
        break
      } else {
        word = (word ?? "") + String(character)
      }
    }
    if let whole = word { words.append(whole) }
    return words
  }
}
