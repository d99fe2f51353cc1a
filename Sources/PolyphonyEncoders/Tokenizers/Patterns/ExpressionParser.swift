import PolyphonySupport

/// Reads the text of a regular expression. It refuses, by name, what a tokenizer never needs.
struct ExpressionParser {
  private let scalars: [Unicode.Scalar]
  private let entry: TokenizerEntry
  private var place = 0
  private var ignoresCase = false
  private var depth = 0

  init(_ text: String, _ entry: TokenizerEntry) {
    scalars = Array(text.unicodeScalars)
    self.entry = entry
  }

  /// Parses the whole text.
  /// - Throws: `Fault(.badData)` for broken syntax and for what is not supported.
  mutating func parse() throws(Fault) -> ScalarExpression.Node {
    let node = try alternatives()
    guard place == scalars.count else { throw unsupported("an unbalanced `)`") }
    return node
  }

  private var next: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

  private mutating func accept(_ text: String) -> Bool {
    guard scalars[place...].starts(with: text.unicodeScalars) else { return false }
    place += text.unicodeScalars.count
    return true
  }

  private func unsupported(_ what: String) -> Fault { entry.unsupported("\(what) in a regular expression") }

  private mutating func alternatives() throws(Fault) -> ScalarExpression.Node {
    depth += 1
    defer { depth -= 1 }
    guard depth <= 16 else { throw unsupported("more than 16 groups in each other") }
    var nodes = [try sequence()]
    while accept("|") { nodes.append(try sequence()) }
    return nodes.count == 1 ? nodes[0] : .alternatives(nodes)
  }

  private mutating func sequence() throws(Fault) -> ScalarExpression.Node {
    var nodes: [ScalarExpression.Node] = []
    while let scalar = next, scalar != "|", scalar != ")" { nodes.append(try repeated()) }
    return nodes.count == 1 ? nodes[0] : .sequence(nodes)
  }

  private mutating func repeated() throws(Fault) -> ScalarExpression.Node {
    let node = try atom()
    guard let count = try quantifier() else { return node }
    if accept("?") { throw unsupported("a lazy quantifier") }
    let isPossessive = accept("+")
    if case .scalar(let set) = node { return .run(set, count, isPossessive: isPossessive) }
    guard count == 0...1, !isPossessive else { throw unsupported("a repeated group") }
    return .optional(node)
  }

  private mutating func quantifier() throws(Fault) -> ClosedRange<Int>? {
    if accept("?") { return 0...1 }
    if accept("*") { return 0...Int.max }
    if accept("+") { return 1...Int.max }
    guard accept("{") else { return nil }
    let lower = number()
    let upper = accept(",") ? number() ?? .max : lower
    guard accept("}"), let upper, (lower ?? 0) <= upper, lower != nil || upper < .max else {
      throw unsupported("this `{`")
    }
    return (lower ?? 0)...upper
  }

  private mutating func number() -> Int? {
    var value: Int?
    while let digit = next, ("0"..."9").contains(digit), (value ?? 0) < 1 << 20 {
      value = (value ?? 0) * 10 + Int(digit.value - 48)
      place += 1
    }
    return value
  }

  private mutating func atom() throws(Fault) -> ScalarExpression.Node {
    if accept("(") { return try group() }
    if accept("[") { return .scalar(try set()) }
    if accept(".") {
      var any = ScalarSet([.range(10...10)])
      any.isInverted = true
      return .scalar(any)
    }
    if next == "\\" { return .scalar(cased([try escape()])) }
    for special in ["^", "$", "*", "+", "?", "{"] where accept(special) { throw unsupported("this `\(special)`") }
    let value = scalars[place].value
    place += 1
    return .scalar(cased([.range(value...value)]))
  }

  private func cased(_ items: [ScalarSet.Item]) -> ScalarSet {
    var set = ScalarSet(items)
    set.ignoresCase = ignoresCase
    return set
  }

  private mutating func group() throws(Fault) -> ScalarExpression.Node {
    let outer = ignoresCase
    defer { ignoresCase = outer }
    var isAhead = false
    var isNegative = false
    if accept("?i:") {
      ignoresCase = true
    } else if accept("?=") {
      isAhead = true
    } else if accept("?!") {
      (isAhead, isNegative) = (true, true)
    } else if !accept("?:"), next == "?" {
      throw unsupported("a group that begins with (?")
    }
    let node = try alternatives()
    guard accept(")") else { throw unsupported("a group without `)`") }
    return isAhead ? .lookahead(node, isNegative: isNegative) : node
  }

  private mutating func set() throws(Fault) -> ScalarSet {
    let isInverted = accept("^")
    var items: [ScalarSet.Item] = []
    while !accept("]") || items.isEmpty {
      guard let scalar = next, scalar != "[", !accept("&&") else { throw unsupported("this set") }
      guard let first = try member(&items) else { continue }
      if accept("-") {
        if next == "]" {
          items.append(.range(first...first))
          items.append(.range(45...45))
        } else if let last = try member(&items), first <= last {
          items.append(.range(first...last))
        } else {
          throw unsupported("this range of a set")
        }
      } else {
        items.append(.range(first...first))
      }
    }
    var set = cased(items)
    set.isInverted = isInverted
    return set
  }

  /// Reads a scalar of a set. A class such as `\s` becomes an item, and the result is nil.
  private mutating func member(_ items: inout [ScalarSet.Item]) throws(Fault) -> UInt32? {
    guard let scalar = next else { throw unsupported("a set without `]`") }
    guard scalar == "\\" else {
      place += 1
      return scalar.value
    }
    let item = try escape()
    if case .range(let range) = item { return range.lowerBound }
    items.append(item)
    return nil
  }

  private mutating func escape() throws(Fault) -> ScalarSet.Item {
    place += 1
    guard let scalar = next else { throw unsupported("a final backslash") }
    place += 1
    switch scalar {
    case "n": return .range(10...10)
    case "r": return .range(13...13)
    case "t": return .range(9...9)
    case "s", "S": return .classes(.whitespace, isInverted: scalar == "S")
    case "d", "D": return .classes(.decimal, isInverted: scalar == "D")
    case "p", "P": return try property(isInverted: scalar == "P")
    case _ where scalar.properties.isAlphabetic || scalar.has(.number): throw unsupported("`\\\(scalar)`")
    default: return .range(scalar.value...scalar.value)
    }
  }

  private mutating func property(isInverted: Bool) throws(Fault) -> ScalarSet.Item {
    guard accept("{"), let end = scalars[place...].firstIndex(of: "}") else {
      throw unsupported("`\\p` without braces")
    }
    var name = String(String.UnicodeScalarView(scalars[place..<end]))
    place = end + 1
    var isInverted = isInverted
    if name.hasPrefix("^") {
      name.removeFirst()
      isInverted.toggle()
    }
    switch name {
    case "L": return .classes(.letter, isInverted: isInverted)
    case "N": return .classes(.number, isInverted: isInverted)
    default:
      let categories = Unicode.GeneralCategory.byName.filter { $0.key.hasPrefix(name) }
      guard !categories.isEmpty, !name.isEmpty else { throw unsupported("\\p{\(name)}") }
      return .categories(Set(categories.values), isInverted: isInverted)
    }
  }
}

extension Unicode.GeneralCategory {
  /// The categories by their names of two letters.
  fileprivate static let byName: [String: Unicode.GeneralCategory] = [
    "Lu": .uppercaseLetter, "Ll": .lowercaseLetter, "Lt": .titlecaseLetter, "Lm": .modifierLetter, "Lo": .otherLetter,
    "Mn": .nonspacingMark, "Mc": .spacingMark, "Me": .enclosingMark, "Nd": .decimalNumber, "Nl": .letterNumber,
    "No": .otherNumber, "Pc": .connectorPunctuation, "Pd": .dashPunctuation, "Ps": .openPunctuation,
    "Pe": .closePunctuation, "Pi": .initialPunctuation, "Pf": .finalPunctuation, "Po": .otherPunctuation,
    "Sm": .mathSymbol, "Sc": .currencySymbol, "Sk": .modifierSymbol, "So": .otherSymbol, "Zs": .spaceSeparator,
    "Zl": .lineSeparator, "Zp": .paragraphSeparator, "Cc": .control, "Cf": .format, "Cs": .surrogate,
    "Co": .privateUse, "Cn": .unassigned,
  ]
}
