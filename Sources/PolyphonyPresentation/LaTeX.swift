/// Escaping of text for LaTeX.
package enum LaTeX {
  /// Escapes every character that is markup, for any font encoding. Signs of numbers become mathematics.
  ///
  /// `[`, `]` and `*` get braces, because after the `\\` of the row above they would be its arguments.
  package static func escaped(_ text: String) -> String {
    text.map { character in
      switch character {
      case "&", "%", "$", "#", "_", "{", "}": "\\\(character)"
      case "\\": "\\textbackslash{}"
      case "~": "\\textasciitilde{}"
      case "^": "\\textasciicircum{}"
      case "|": "\\textbar{}"
      case "<": "\\textless{}"
      case ">": "\\textgreater{}"
      case "[", "]", "*": "{\(character)}"
      case "±": "$\\pm$"
      case "−": "$-$"
      case "×": "$\\times$"
      case "…": "\\ldots{}"
      case "–": "--"
      case "\u{202F}", "\u{00A0}": "\\,"
      default: character.isNewline || character.unicodeScalars.contains { $0.value < 0x20 } ? " " : String(character)
      }
    }.joined()
  }
}
