/// Escaping of text for GitHub's Markdown.
package enum Markdown {
  /// Escapes every character that is markup, also in a cell of a table. An underscore inside a word is not, and names
  /// keep theirs.
  package static func escaped(_ text: String) -> String {
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
