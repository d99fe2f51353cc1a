import PolyphonySupport

/// A pattern of `Split` or `Replace`: a text, or a regular expression.
enum TextPattern: Sendable {
  case text([Unicode.Scalar])
  case expression(ScalarExpression)

  init(_ entry: TokenizerEntry) throws(Fault) {
    if let text = try entry.optional("String") {
      let scalars = Array(try text.string().unicodeScalars)
      guard !scalars.isEmpty else { throw text.unsupported("an empty pattern") }
      self = .text(scalars)
    } else {
      let expression = try entry.required("Regex")
      var parser = ExpressionParser(try expression.string(), expression)
      self = .expression(ScalarExpression(try parser.parse()))
    }
  }

  /// Returns all matches from left to right. They do not overlap, and none is empty.
  func matches(in text: WordScalars) -> [Range<Int>] {
    var matches: [Range<Int>] = []
    var start = 0
    while start < text.count {
      if let end = end(ofMatchAt: start, in: text), end > start {
        matches.append(start..<end)
        start = end
      } else {
        start += 1
      }
    }
    return matches
  }

  private func end(ofMatchAt start: Int, in text: WordScalars) -> Int? {
    switch self {
    case .text(let scalars): text[start...].starts(with: scalars) ? start + scalars.count : nil
    case .expression(let expression): expression.end(ofMatchAt: start, in: text)
    }
  }
}
