/// A regular expression over scalars: the part of Oniguruma's syntax that tokenizers use.
///
/// Only single scalars are repeated, and groups at most once. So the search needs little stack for any text.
struct ScalarExpression: Sendable {
  indirect enum Node: Sendable {
    case scalar(ScalarSet)
    case sequence([Node])
    case alternatives([Node])
    /// A scalar of a set, so many times, as often as possible. `isPossessive` gives none of them back.
    case run(ScalarSet, ClosedRange<Int>, isPossessive: Bool)
    case optional(Node)
    case lookahead(Node, isNegative: Bool)
  }

  private let node: Node

  init(_ node: Node) { self.node = node }

  /// Returns the end of the match that begins at a place. It is nil without one.
  func end(ofMatchAt start: Int, in text: WordScalars) -> Int? { Self.match(node, start, text) { $0 } }

  /// Matches a node at a place, and then the rest of the expression.
  private static func match(_ node: Node, _ start: Int, _ text: WordScalars, then rest: (Int) -> Int?) -> Int? {
    switch node {
    case .scalar(let set):
      return start < text.count && set.contains(text[start]) ? rest(start + 1) : nil
    case .sequence(let nodes):
      return match(nodes[...], start, text, then: rest)
    case .alternatives(let nodes):
      for node in nodes {
        if let end = match(node, start, text, then: rest) { return end }
      }
      return nil
    case .run(let set, let count, let isPossessive):
      var end = start
      while end < text.count, end - start < count.upperBound, set.contains(text[end]) { end += 1 }
      while end - start >= count.lowerBound {
        if let found = rest(end) { return found }
        guard !isPossessive else { return nil }
        end -= 1
      }
      return nil
    case .optional(let node):
      return match(node, start, text, then: rest) ?? rest(start)
    case .lookahead(let node, let isNegative):
      return (match(node, start, text) { $0 } == nil) == isNegative ? rest(start) : nil
    }
  }

  private static func match(
    _ nodes: ArraySlice<Node>, _ start: Int, _ text: WordScalars, then rest: (Int) -> Int?
  ) -> Int? {
    guard let first = nodes.first else { return rest(start) }
    return match(first, start, text) { match(nodes.dropFirst(), $0, text, then: rest) }
  }
}

/// The scalars that one place of an expression accepts.
struct ScalarSet: Sendable {
  enum Item: Sendable {
    case range(ClosedRange<UInt32>)
    case classes(ScalarClasses, isInverted: Bool)
    case categories(Set<Unicode.GeneralCategory>, isInverted: Bool)
  }

  var items: [Item] = []
  var isInverted = false
  var ignoresCase = false

  init(_ items: [Item]) { self.items = items }

  func contains(_ scalar: Unicode.Scalar) -> Bool {
    let isInside = has(scalar) || ignoresCase && Self.variants(of: scalar).contains(where: has)
    return isInside != isInverted
  }

  @inline(__always)
  private func has(_ scalar: Unicode.Scalar) -> Bool {
    for item in items {
      switch item {
      case .range(let range): if range.contains(scalar.value) { return true }
      case .classes(let classes, let isInverted): if scalar.has(classes) != isInverted { return true }
      case .categories(let categories, let isInverted):
        let isYoung = (scalar.properties.age?.major ?? .max) > 16
        let category = isYoung ? Unicode.GeneralCategory.unassigned : scalar.properties.generalCategory
        if categories.contains(category) != isInverted { return true }
      }
    }
    return false
  }

  /// The scalars that differ from a scalar in case only.
  private static func variants(of scalar: Unicode.Scalar) -> [Unicode.Scalar] {
    let upper = scalar.properties.uppercaseMapping.unicodeScalars
    let lower = scalar.properties.lowercaseMapping.unicodeScalars
    var variants = [upper, lower].filter { $0.count == 1 }.map { $0.first! }
    for variant in variants {
      let again = variant.properties.lowercaseMapping.unicodeScalars
      if again.count == 1 { variants.append(again.first!) }
    }
    return variants
  }
}
