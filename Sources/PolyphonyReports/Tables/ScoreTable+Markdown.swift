import Polyphony

extension ScoreTable {
  /// The table in GitHub's Markdown: the best in bold, `*` for significant, notes below.
  var markdown: String {
    let rule = columns.map { $0.alignment == .right ? "---:" : "---" }
    let body = rows.map { row in
      row.map { cell in
        let text = Self.escaped(cell.text)
        return (cell.isBest && !text.isEmpty ? "**\(text)**" : text) + (cell.isSignificant ? " \\*" : "")
      }
    }
    let lines = ([columns.map { Self.escaped($0.title) }, rule] + body).map { "| \($0.joined(separator: " | ")) |\n" }
    return "### \(Self.escaped(title))\n\n" + lines.joined() + "\n"
      + notes.map { Self.escaped($0) }.joined(separator: " ") + "\n"
  }

  /// Escapes every character that is markup. An underscore inside a word is not, and names keep theirs.
  static func escaped(_ text: String) -> String {
    let characters = Array(text)
    return characters.indices.map { index in
      let character = characters[index]
      switch character {
      case "\\", "|", "*", "`", "[", "]", "#", "~": return "\\\(character)"
      case "_":
        let isInside =
          index > 0 && index + 1 < characters.count && characters[index - 1].isWordCharacter
          && characters[index + 1].isWordCharacter
        return isInside ? "_" : "\\_"
      case "<": return "&lt;"
      case ">": return "&gt;"
      case "&": return "&amp;"
      default: return character.isNewline ? " " : String(character)
      }
    }.joined()
  }
}

extension Character {
  fileprivate var isWordCharacter: Bool { isLetter || isNumber }
}
