import Polyphony
import PolyphonyPresentation

extension ScoreTable {
  /// The table as LaTeX's `table` with the rules of `booktabs`: the best in bold, `*` for significant, notes below.
  var latex: String {
    func line(_ cells: [String]) -> String { "    " + cells.joined(separator: " & ") + " \\\\\n" }
    let alignments = columns.map { $0.alignment == .right ? "r" : "l" }.joined()
    let body = rows.enumerated().map { index, row in
      (groups.contains(index) ? "    \\midrule\n" : "")
        + line(
          row.map { cell in
            let text = LaTeX.escaped(cell.text)
            return (cell.isBest && !text.isEmpty ? "\\textbf{\(text)}" : text) + (cell.isSignificant ? "$^{*}$" : "")
          })
    }
    let note = notes.map { LaTeX.escaped($0) }.joined(separator: " ")
    return """
      \\begin{table}
        \\centering
        \\caption{\(LaTeX.escaped(title))}
        \\begin{tabular}{\(alignments)}
          \\toprule
      \(line(columns.map { LaTeX.escaped($0.title) }))    \\midrule
      \(body.joined())    \\bottomrule
        \\end{tabular}
        \\par\\smallskip{\\footnotesize \(note)}
      \\end{table}

      """
  }
}
