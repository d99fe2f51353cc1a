import PolyphonyPresentation

extension HTML {
  /// Makes a table in a box, which scrolls by itself if the table is too wide.
  static func table(_ table: ScoreTable) -> HTML {
    let hasStars = table.columns.indices.map { column in table.rows.contains { $0[column].isSignificant } }
    return HTML("div", ["class": "box", "tabindex": "0"]) {
      HTML("table") {
        HTML("thead") {
          HTML("tr") {
            for column in table.columns {
              HTML("th", ["scope": "col", "class": column.alignment == .right ? "n" : "w"]) { column.title }
            }
          }
        }
        HTML("tbody") {
          for (index, row) in table.rows.enumerated() {
            HTML("tr", ["class": table.groups.contains(index) ? "part" : "row"]) {
              for (place, cell) in row.enumerated() {
                if place == 0 {
                  HTML("th", ["scope": "row"]) { cell.text }
                } else {
                  HTML("td", ["class": style(cell, table.columns[place])]) {
                    if cell.isBest { HTML("b") { cell.text } } else { cell.text }
                    if hasStars[place] { HTML("span", ["class": "star"]) { cell.isSignificant ? "*" : "" } }
                  }
                }
              }
            }
          }
        }
      }
    }
  }

  private static func style(_ cell: ScoreTable.Cell, _ column: TextTable.Column) -> String {
    guard column.alignment == .right else { return "w" }
    return cell.text.contains(where: \.isLetter) && cell.text.count > 14 ? "words" : "n"
  }

  /// Makes the notes under a table or drawing. Without sentences it is empty.
  static func notes(_ sentences: [String]) -> HTML {
    sentences.isEmpty ? .empty : HTML("p", ["class": "note"]) { sentences.joined(separator: " ") }
  }

  /// Makes a drawing with its title above.
  static func figure(_ title: String, _ svg: String, isWide: Bool = false) -> HTML {
    HTML("figure", ["class": isWide ? "wide" : "narrow"]) {
      HTML("figcaption") { title }
      HTML("div", ["class": "box"]) { HTML.drawing(svg) }
    }
  }

  /// Makes drawings side by side, if there is space.
  static func figures(_ figures: [HTML]) -> HTML {
    figures.isEmpty ? .empty : HTML("div", ["class": "charts"]) { HTML(figures) }
  }

  /// Makes a block that the reader can open.
  static func folded(_ title: String, @HTMLBuilder _ content: () -> HTML) -> HTML {
    HTML("details") {
      HTML("summary") { title }
      content()
    }
  }
}
