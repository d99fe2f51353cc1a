/// A table of texts for a terminal, Markdown, CSV or LaTeX.
///
/// ```swift
/// var table = TextTable([.init("method"), .init("accuracy", .right)])
/// table.append(["joint", "0.781"])
/// table.append(["cggm", "0.812"])
/// print(table.text(), table.markdown(), table.csv(), table.latex())
/// ```
public struct TextTable: Equatable, Sendable {
  /// The alignment of a column's cells.
  public enum Alignment: Sendable {
    /// Alignment for words.
    case left
    /// Alignment for numbers.
    case right
  }

  /// A column's title and alignment.
  public struct Column: Equatable, Sendable {
    /// The column's title.
    public var title: String
    /// The alignment of title and cells.
    public var alignment: Alignment

    /// Makes a column.
    public init(_ title: String, _ alignment: Alignment = .left) {
      self.title = title
      self.alignment = alignment
    }
  }

  /// The columns, from left to right.
  public let columns: [Column]
  /// The rows, from top to bottom, each with a cell for every column.
  public private(set) var rows: [[String]] = []

  /// Makes a table without rows.
  public init(_ columns: [Column]) { self.columns = columns }

  /// Appends a row. Missing cells at its end are empty.
  public mutating func append(_ row: [String]) {
    precondition(row.count <= columns.count, "a row of \(row.count) cells in a table of \(columns.count) columns")
    rows.append(row + Array(repeating: "", count: columns.count - row.count))
  }
}

extension TextTable {
  /// Returns the table for a terminal: aligned columns, a line under the titles, no spaces at the ends of lines. Control
  /// characters in cells are escaped.
  ///
  /// - Parameters:
  ///   - glyphs: The characters of the lines.
  ///   - width: The number of columns of the terminal. A wider table is folded: further columns follow in a second block
  ///     below, after the first column again. Without it, the table is not folded.
  public func text(_ glyphs: GlyphSet = .unicode, width: Int? = nil) -> String {
    let clean = { (cell: String) in
      let line = cell.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).joined(separator: " ")
        .escapingControls()
      return glyphs == .ascii ? line.replacing("±", with: "+/-") : line
    }
    let lines = ([columns.map(\.title)] + rows).map { $0.map(clean) }
    let widths = columns.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
    let (bar, dash, cross) = glyphs == .unicode ? (" │ ", "─", "─┼─") : (" | ", "-", "-+-")
    return blocks(widths, bar.count, width).map { block in
      var texts = lines.map { line in
        let cells = block.map { padded(line[$0], to: widths[$0], columns[$0].alignment) }
        return String(cells.joined(separator: bar).trimmingSuffix { $0 == " " })
      }
      texts.insert(block.map { String(repeating: dash, count: widths[$0]) }.joined(separator: cross), at: 1)
      return texts.joined(separator: "\n") + "\n"
    }.joined(separator: "\n")
  }

  /// The columns of each block. Every block has the first column and as many others as fit, but at least one.
  private func blocks(_ widths: [Int], _ gap: Int, _ width: Int?) -> [[Int]] {
    let all = Array(columns.indices)
    guard let width, let first = all.first else { return [all] }
    var blocks = [[first]]
    var used = widths[first]
    for column in all.dropFirst() {
      if used + gap + widths[column] > width, blocks[blocks.count - 1].count > 1 {
        blocks.append([first])
        used = widths[first]
      }
      blocks[blocks.count - 1].append(column)
      used += gap + widths[column]
    }
    return blocks
  }

  /// Returns the table in GitHub's Markdown.
  public func markdown() -> String {
    let rule = columns.map { $0.alignment == .right ? "---:" : "---" }
    let escape = { (cell: String) in
      cell.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map { Markdown.escaped(String($0)) }
        .joined(separator: "<br>")
    }
    let lines = [columns.map(\.title).map(escape), rule] + rows.map { $0.map(escape) }
    return lines.map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
  }

  /// Returns the table as comma-separated values (RFC 4180, with a newline after each line).
  ///
  /// A text that begins with `=`, `+`, `-`, `@`, a tab or a carriage return has an apostrophe in front, as OWASP advises,
  /// so that no spreadsheet runs it as a formula. A number such as −1.5 stays as it is.
  public func csv() -> String {
    let quote = { (text: String) in
      let cell = Double(text) == nil ? text.neutralizingFormula() : text
      return cell.contains(where: { ",\"\n\r\r\n".contains($0) }) ? "\"\(cell.replacing("\"", with: "\"\""))\"" : cell
    }
    return ([columns.map(\.title)] + rows).map { $0.map(quote).joined(separator: ",") + "\n" }.joined()
  }

  /// Returns the table as a LaTeX `tabular` with the rules of the package `booktabs`.
  public func latex() -> String {
    let row = { (cells: [String]) in "  " + cells.map(LaTeX.escaped).joined(separator: " & ") + " \\\\\n" }
    let alignments = columns.map { $0.alignment == .right ? "r" : "l" }.joined()
    return "\\begin{tabular}{\(alignments)}\n  \\toprule\n" + row(columns.map(\.title)) + "  \\midrule\n"
      + rows.map(row).joined() + "  \\bottomrule\n\\end{tabular}\n"
  }

  private func padded(_ cell: String, to width: Int, _ alignment: Alignment) -> String {
    let padding = String(repeating: " ", count: width - cell.count)
    return alignment == .left ? cell + padding : padding + cell
  }
}

extension String {
  /// Removes the characters at the end that satisfy a condition.
  package func trimmingSuffix(while condition: (Character) -> Bool) -> Substring {
    var rest = self[...]
    while let last = rest.last, condition(last) { rest.removeLast() }
    return rest
  }
}

/// The set of characters for lines, bars and signs.
public enum GlyphSet: Sendable {
  /// Box-drawing characters and `±`.
  case unicode
  /// ASCII characters only.
  case ascii
}
