import PolyphonySupport

/// A step that divides a text into words.
protocol PreTokenizer: Sendable {
  func split(_ text: inout SplitText)
}

/// Reads the section `pre_tokenizer` of a `tokenizer.json`.
enum PreTokenizers {
  static let names = [
    "BertPreTokenizer", "ByteLevel", "CharDelimiterSplit", "Digits", "Metaspace", "Punctuation", "Sequence", "Split",
    "Whitespace", "WhitespaceSplit",
  ]

  /// Reads a pre-tokenizer.
  /// - Throws: `Fault(.badData)` for one that is unknown or incomplete.
  static func read(_ entry: TokenizerEntry) throws(Fault) -> any PreTokenizer {
    let type = try entry.type()
    switch type {
    case "BertPreTokenizer": return BertPreTokenizer()
    case "ByteLevel": return try ByteLevel(entry)
    case "CharDelimiterSplit":
      let delimiter = try entry.required("delimiter").scalar()
      return ScalarSplit(behavior: .removed) { $0 == delimiter }
    case "Digits":
      let isIndividual = try entry.required("individual_digits").bool()
      return ScalarSplit(behavior: isIndividual ? .isolated : .contiguous) { $0.has(.numeric) }
    case "Metaspace": return try Metaspace(entry)
    case "Punctuation":
      let behavior = try entry.optional("behavior").map { (entry) throws(Fault) in try SplitBehavior(entry) }
      return ScalarSplit(behavior: behavior ?? .isolated) { $0.has(.punctuation) }
    case "Sequence":
      var steps: [any PreTokenizer] = []
      for step in try entry.required("pretokenizers").elements() { steps.append(try read(step)) }
      return PreTokenizerSequence(steps: steps)
    case "Split":
      return PatternSplit(
        pattern: try TextPattern(entry.required("pattern")), behavior: try SplitBehavior(entry.required("behavior")),
        isInverted: try entry.required("invert").bool())
    case "Whitespace": return WordSplit()
    case "WhitespaceSplit": return ScalarSplit(behavior: .removed) { $0.has(.whitespace) }
    default: throw entry.unsupported("pre-tokenizer \(type)", among: names)
    }
  }
}

private struct PreTokenizerSequence: PreTokenizer {
  let steps: [any PreTokenizer]

  func split(_ text: inout SplitText) {
    for step in steps { step.split(&text) }
  }
}

/// Divides at white space, which goes, and at punctuation, which stays.
struct BertPreTokenizer: PreTokenizer {
  func split(_ text: inout SplitText) {
    text.split(.isolated) { scalars, piece, add in
      var start = piece.lowerBound
      for place in piece {
        let classes = ScalarClasses(scalars[place])
        guard !classes.isDisjoint(with: [.whitespace, .punctuation]) else { continue }
        if start < place { add(start..<place, false) }
        if !classes.contains(.whitespace) { add(place..<place + 1, true) }
        start = place + 1
      }
      if start < piece.upperBound { add(start..<piece.upperBound, false) }
    }
  }
}

/// Divides at the scalars that a function names.
private struct ScalarSplit: PreTokenizer {
  let behavior: SplitBehavior
  let isDelimiter: @Sendable (Unicode.Scalar) -> Bool

  func split(_ text: inout SplitText) { text.split(behavior, at: isDelimiter) }
}

/// Keeps runs of word scalars, and runs of others without white space: `\w+|[^\w\s]+`.
private struct WordSplit: PreTokenizer {
  func split(_ text: inout SplitText) {
    text.split(.removed) { scalars, piece, add in
      var place = piece.lowerBound
      while place < piece.upperBound {
        let kind = ScalarClasses(scalars[place]).intersection([.word, .whitespace])
        let start = place
        while place < piece.upperBound, ScalarClasses(scalars[place]).intersection([.word, .whitespace]) == kind {
          place += 1
        }
        add(start..<place, kind == .whitespace)
      }
    }
  }
}

/// Divides at what a pattern finds, or, inverted, at what it does not.
private struct PatternSplit: PreTokenizer {
  let pattern: TextPattern
  let behavior: SplitBehavior
  let isInverted: Bool

  func split(_ text: inout SplitText) {
    text.split(behavior) { scalars, piece, add in
      var start = piece.lowerBound
      for match in pattern.matches(in: WordScalars(rebasing: scalars[piece])) {
        let match = match.lowerBound + piece.lowerBound..<match.upperBound + piece.lowerBound
        if start < match.lowerBound { add(start..<match.lowerBound, isInverted) }
        add(match, !isInverted)
        start = match.upperBound
      }
      if start < piece.upperBound { add(start..<piece.upperBound, isInverted) }
    }
  }
}
