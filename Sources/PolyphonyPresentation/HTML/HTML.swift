/// A piece of a page.
///
/// Code can make one only from an element with a literal name, an escaped text, or Polyphony's own drawings and style
/// rules. So no content of a file or a name can become markup.
package struct HTML: Sendable {
  /// The markup of the piece.
  private(set) var source: String

  private init(source: String) { self.source = source }

  /// A piece without content.
  package static let empty = HTML(source: "")

  /// Makes a piece from a text, escaped.
  package init(text: String) { source = Markup.escaped(text) }

  /// Makes an element with attributes and content. The values of attributes are escaped.
  package init(
    _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:],
    @HTMLBuilder _ content: () -> HTML = { .empty }
  ) {
    source = "<\(name)\(Self.marks(attributes))>\(content().source)</\(name)>"
  }

  /// Makes an element without an end tag.
  package init(open name: StaticString, _ attributes: KeyValuePairs<StaticString, String>) {
    source = "<\(name)\(Self.marks(attributes))>"
  }

  private static func marks(_ attributes: KeyValuePairs<StaticString, String>) -> String {
    attributes.map { " \($0.key)=\"\(Markup.escaped($0.value))\"" }.joined()
  }

  /// Joins pieces in order.
  package init(_ pieces: [HTML]) { source = pieces.map(\.source).joined() }

  /// Makes a piece from a chart's drawing. The chart has escaped its texts.
  package static func drawing(_ svg: String) -> HTML { HTML(source: svg) }

  /// Makes the style rules of a page. They are part of the program.
  package static func style(_ rules: String) -> HTML { HTML(source: "<style>\n\(rules)\n</style>\n") }

  /// True if the piece has no content.
  package var isEmpty: Bool { source.isEmpty }

  /// Returns the whole page with this piece as its body.
  package func document(title: String, rules: String) -> String {
    // No request can leave the page, whatever its content. The empty icon keeps browsers from requesting one.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    let head = HTML([
      HTML(open: "meta", ["charset": "utf-8"]),
      HTML(open: "meta", ["http-equiv": "Content-Security-Policy", "content": policy]),
      HTML(open: "meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
      HTML(open: "meta", ["name": "color-scheme", "content": "light dark"]),
      HTML(open: "link", ["rel": "icon", "href": "data:,"]),
      HTML("title") { title }, .style(rules),
    ])
    return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\(head.source)</head>\n<body>\n\(source)\n</body>\n</html>\n"
  }
}

/// A builder for nested elements. A text in it becomes an escaped piece.
@resultBuilder
package enum HTMLBuilder {
  package static func buildExpression(_ piece: HTML) -> HTML { piece }
  package static func buildExpression(_ text: String) -> HTML { HTML(text: text) }
  package static func buildBlock(_ pieces: HTML...) -> HTML { HTML(pieces) }
  package static func buildArray(_ pieces: [HTML]) -> HTML { HTML(pieces) }
  package static func buildOptional(_ piece: HTML?) -> HTML { piece ?? .empty }
  package static func buildEither(first piece: HTML) -> HTML { piece }
  package static func buildEither(second piece: HTML) -> HTML { piece }
}
