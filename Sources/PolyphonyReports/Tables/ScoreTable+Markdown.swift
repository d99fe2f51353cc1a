import Polyphony
import PolyphonyPresentation

extension ScoreTable {
  /// The table in GitHub's Markdown: the best in bold, `*` for significant, notes below.
  var markdown: String {
    let rule = columns.map { $0.alignment == .right ? "---:" : "---" }
    let body = rows.map { row in
      row.map { cell in
        let text = Markdown.escaped(cell.text)
        return (cell.isBest && !text.isEmpty ? "**\(text)**" : text) + (cell.isSignificant ? " \\*" : "")
      }
    }
    let lines = ([columns.map { Markdown.escaped($0.title) }, rule] + body).map {
      "| \($0.joined(separator: " | ")) |\n"
    }
    return "### \(Markdown.escaped(title))\n\n" + lines.joined() + "\n"
      + notes.map { Markdown.escaped($0) }.joined(separator: " ") + "\n"
  }
}
