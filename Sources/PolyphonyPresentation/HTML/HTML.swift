/// A piece of a page.
///
/// The only ways to make one are an element whose name stands in the program, a text, which is escaped, and a drawing
/// or rules of our own. So nothing that a file or a name says can become markup.
package struct HTML: Sendable {
  /// The markup.
  private(set) var source: String

  private init(source: String) { self.source = source }

  /// Nothing.
  package static let empty = HTML(source: "")

  /// A text in which nothing is markup.
  package init(text: String) { source = Markup.escaped(text) }

  /// An element with attributes, whose values are escaped, and content.
  package init(
    _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:],
    @HTMLBuilder _ content: () -> HTML = { .empty }
  ) {
    source = "<\(name)\(Self.marks(attributes))>\(content().source)</\(name)>"
  }

  /// An element without an end.
  package init(open name: StaticString, _ attributes: KeyValuePairs<StaticString, String>) {
    source = "<\(name)\(Self.marks(attributes))>"
  }

  private static func marks(_ attributes: KeyValuePairs<StaticString, String>) -> String {
    attributes.map { " \($0.key)=\"\(Markup.escaped($0.value))\"" }.joined()
  }

  /// Pieces one behind the other.
  package init(_ pieces: [HTML]) { source = pieces.map(\.source).joined() }

  /// A drawing that one of the charts has made, whose texts it has escaped.
  package static func drawing(_ svg: String) -> HTML { HTML(source: svg) }

  /// The rules of a page, which stand in the program.
  package static func style(_ rules: String) -> HTML { HTML(source: "<style>\n\(rules)\n</style>\n") }

  /// Whether there is nothing in it.
  package var isEmpty: Bool { source.isEmpty }

  /// The whole page around this body's content.
  package func document(title: String, rules: String) -> String {
    // No request can leave the page, whatever it shows; the empty icon keeps browsers from asking for one.
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

/// Lets elements be written one inside the other; a text stands for itself, escaped.
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
