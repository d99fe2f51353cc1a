import Foundation

/// The shared style of all drawings: colours for the reader's light or dark setting, and texts escaped for SVG.
///
/// Marks of a series take `currentColor` from a group, whose colour is an attribute, so that programs without CSS draw
/// it too. A separate drawing has rules for dark readers. In a page the page's own rules apply (``pageRules``). A
/// drawing loads nothing.
package enum ChartStyle {
  /// The colours of series. Colour-blind readers can distinguish them too (after Okabe and Ito, 2008). They repeat
  /// after eight.
  package static let colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a7400", "#777777"]
  /// The same colours for a black background.
  package static let darkColours = [
    "#58a9e0", "#f08a4b", "#35c095", "#e3a0c6", "#f0b84a", "#94d0f5", "#c4b04a", "#a3a3a3",
  ]

  /// Returns the colour of a series.
  static func colour(_ index: Int) -> String { colours[index % colours.count] }

  private static let fonts = """
    .pc text { font: 13px system-ui, sans-serif } .pc .title { font-weight: 600 } .pc .small { font-size: 11px }
    """

  /// The rules of a separate drawing.
  private static let rules = """
    \(fonts)
    .pc { color-scheme: light dark }
    .pc text { fill: #222 } .pc .grid { stroke: #e3e3ea } .pc .axis { stroke: #888 } .pc .track { fill: #ececf0 }
    @media (prefers-color-scheme: dark) {
    .pc text { fill: #ddd } .pc .grid { stroke: #3a3b44 } .pc .axis { stroke: #999 } .pc .track { fill: #33343a }
    \(darkColours.enumerated().map { ".pc .s\($0) { color: \($1) }" }.joined(separator: " "))
    }
    """

  /// The rules of drawings in a page that defines `--text`, `--muted`, `--rule` and the colours `--s0` to `--s7`.
  package static let pageRules = """
    \(fonts)
    .pc text { fill: var(--text) } .pc .grid { stroke: var(--rule) } .pc .axis { stroke: var(--muted) }
    .pc .track { fill: var(--soft) }
    .pc .name { paint-order: stroke; stroke: var(--ground); stroke-width: 3px; stroke-linejoin: round }
    \(colours.indices.map { ".pc .s\($0) { color: var(--s\($0)) }" }.joined(separator: " "))
    """

  /// Returns the opening of a drawing with its title, which screen readers read out. In a page the title is outside.
  static func opening(_ title: String, width: Int, height: Int, _ layout: ChartLayout = .alone) -> String {
    let head = """
      <svg class="pc" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) \(height)" width="\(width)" \
      height="\(height)" role="img" aria-label="\(escaped(title))">

      """
    guard layout == .alone else { return head }
    return head + "<style>\n\(rules)\n</style>\n"
      + text(title, x: 12, y: 24, style: "title", size: 13, room: Double(width - 24))
  }

  /// Wraps marks in the colour of a series. They use `currentColor`.
  static func series(_ index: Int, _ marks: String) -> String {
    "<g class=\"s\(index % colours.count)\" color=\"\(colour(index))\">\n\(marks)</g>\n"
  }

  /// Returns the mark of a series at a position. Series differ in form as well as colour.
  static func mark(_ index: Int, _ x: Double, _ y: Double, _ radius: Double = 3) -> String {
    let r = radius
    let form: String
    switch index % 4 {
    case 0: return "<circle class=\"mark\" fill=\"currentColor\" r=\"\(r)\" cx=\"\(place(x))\" cy=\"\(place(y))\"/>\n"
    case 1: form = "M\(place(x - r)) \(place(y - r))h\(2 * r)v\(2 * r)h\(-2 * r)Z"
    case 2: form = "M\(place(x)) \(place(y - 1.3 * r))L\(place(x + 1.2 * r)) \(place(y + r))H\(place(x - 1.2 * r))Z"
    default:
      form =
        "M\(place(x)) \(place(y - 1.4 * r))L\(place(x + 1.4 * r)) \(place(y))L\(place(x)) \(place(y + 1.4 * r))"
        + "L\(place(x - 1.4 * r)) \(place(y))Z"
    }
    return "<path class=\"mark\" fill=\"currentColor\" d=\"\(form)\"/>\n"
  }

  /// Returns a text at a position, shortened to its space. A pointer over a shortened text shows the whole of it.
  static func text(
    _ text: String, x: Double, y: Double, style: String = "small", anchor: String? = nil, size: Double = 11,
    room: Double = .infinity, turn: String? = nil
  ) -> String {
    let short = ChartText.fitted(text, size: size, room: room)
    let anchor = anchor.map { " text-anchor=\"\($0)\"" } ?? ""
    let turn = turn.map { " transform=\"\($0)\"" } ?? ""
    let whole = short == text ? "" : "<title>\(escaped(text))</title>"
    return
      "<text class=\"\(style)\" x=\"\(place(x))\" y=\"\(place(y))\"\(anchor)\(turn)>\(whole)\(escaped(short))</text>\n"
  }

  /// Escapes a text. A character that XML cannot hold becomes a replacement character.
  static func escaped(_ text: String) -> String { Markup.escaped(text) }

  /// Writes a coordinate with one decimal.
  static func place(_ value: Double) -> String { String(format: "%.1f", value) }
}

/// The surroundings of a drawing.
package enum ChartLayout: Sendable {
  /// A separate file: the drawing has its title and its rules.
  case alone
  /// A page: the drawing has neither, and is no wider than a telephone if possible.
  case page
}
