import PolyphonyPresentation

extension HTML {
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
