import PolyphonyPresentation

extension HTML {
  /// Makes a table in a box, which scrolls by itself if the table is too wide.
  ///
  /// A telephone shows the columns that fit, and a switch above the table shows all. A table that is wider than the page
  /// has a hint below.
  /// - Parameters:
  ///   - table: the table.
  ///   - glossary: the meanings of names in headers and in the first column. Default: names are not explained.
  static func table(_ table: ScoreTable, _ glossary: Glossary? = nil) -> HTML {
    let near = TableWidth(table, .telephone).fitting
    let scrolls = TableWidth(table, .page).isExceeded
    let hasStars = table.columns.indices.map { column in table.rows.contains { $0[column].isSignificant } }
    let isCut = near.count < table.columns.count
    func marks(_ place: Int, _ style: String) -> String { near.contains(place) ? style : "\(style) far" }
    return HTML([
      isCut ? HTML("details", ["class": "all"]) { HTML("summary") { "All \(table.columns.count) columns" } } : .empty,
      HTML(
        "div",
        ["class": scrolls ? "box scrolls" : "box", "tabindex": "0", "role": "region", "aria-label": table.label]
      ) {
        HTML("table") {
          HTML("thead") {
            HTML("tr") {
              for (place, column) in table.columns.enumerated() {
                HTML("th", ["scope": "col", "class": marks(place, column.alignment == .right ? "n" : "w")]) {
                  term(column.title, glossary)
                }
              }
            }
          }
          HTML("tbody") {
            for (index, row) in table.rows.enumerated() {
              HTML("tr", ["class": table.groups.contains(index) ? "part" : "row"]) {
                for (place, cell) in row.enumerated() {
                  if place == 0 {
                    HTML("th", ["scope": "row"]) { term(cell.text, glossary) }
                  } else {
                    HTML("td", ["class": marks(place, style(cell, table.columns[place]))]) {
                      if cell.isBest { HTML("b") { cell.text } } else { term(cell.text, glossary) }
                      if hasStars[place] { HTML("span", ["class": "star"]) { cell.isSignificant ? "*" : "" } }
                    }
                  }
                }
              }
            }
          }
        }
      },
      scrolls ? HTML("p", ["class": "note hint"]) { "The table goes on to the right: scroll it sideways." } : .empty,
    ])
  }

  /// Makes a text with its meaning at hand, if the glossary has one.
  private static func term(_ text: String, _ glossary: Glossary?) -> HTML {
    guard let meaning = glossary?.meaning(of: text) else { return HTML(text: text) }
    return HTML("abbr", ["title": meaning]) { text }
  }

  private static func style(_ cell: ScoreTable.Cell, _ column: TextTable.Column) -> String {
    guard column.alignment == .right else { return "w" }
    return cell.isWords ? "words" : "n"
  }
}

/// An estimate of a table's width in CSS pixels, because no font is available while a page is written.
struct TableWidth {
  /// The space for a table, and the sizes of its parts there.
  struct Medium {
    /// The width of the column of text.
    var room: Double
    /// The width of a character, rather too large than too small.
    var character: Double
    /// The space beside a cell's text.
    var padding: Double
    /// The least widths of the first column and of the others.
    var least: (first: Double, other: Double)

    /// A telephone of 390 pixels.
    static let telephone = Medium(room: 358, character: 8, padding: 10, least: (64, 0))
    /// A screen on which the page has its full width.
    static let page = Medium(room: 1016, character: 8.6, padding: 19, least: (112, 64))
  }

  private let widths: [Double]
  /// The columns from the most to the least important one.
  private let order: [Int]
  private let medium: Medium

  init(_ table: ScoreTable, _ medium: Medium) {
    self.medium = medium
    let first = [0] + table.columns.indices.dropFirst().filter { table.important.contains(table.columns[$0].title) }
    order = first + table.columns.indices.filter { !first.contains($0) }
    widths = table.columns.indices.map { place in
      // Headers break anywhere and words at spaces. Cells with numbers do not break.
      let column = table.columns[place]
      let longest =
        table.rows.map { row in
          column.alignment == .right && !row[place].isWords
            ? row[place].text.count : row[place].text.split(separator: " ").map(\.count).max() ?? 0
        }.max() ?? 0
      let header = min(column.title.split(separator: " ").map(\.count).max() ?? 0, 12)
      let text = Double(place == 0 ? min(longest, 16) : max(longest, header)) * medium.character
      return max(text + medium.padding, place == 0 ? medium.least.first : medium.least.other)
    }
  }

  /// True for a table that is wider than the space.
  var isExceeded: Bool { widths.reduce(0, +) > medium.room }

  /// The columns that fit. The first two by importance always count.
  var fitting: Set<Int> {
    var (used, columns) = (0.0, Set(order.prefix(2)))
    for place in order {
      used += widths[place]
      if used > medium.room { break }
      columns.insert(place)
    }
    return columns
  }
}

extension ScoreTable.Cell {
  /// True for a text in place of a number, which breaks into lines.
  fileprivate var isWords: Bool { text.contains(where: \.isLetter) && text.count > 14 }
}

extension ScoreTable {
  /// The name of the table for screen readers.
  fileprivate var label: String { title.isEmpty ? "Table" : title }
}
