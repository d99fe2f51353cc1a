import PolyphonySupport

/// A text and the pieces into which it is divided.
struct SplitText {
  var scalars: [Unicode.Scalar]
  /// The pieces from left to right. None is empty. What stands between them is gone.
  var pieces: [Range<Int>]
  /// The number of leading scalars that come from the very first scalar of the input.
  var startCount: Int

  init(_ text: NormalizedText) {
    (scalars, startCount) = (text.scalars, text.startCount)
    pieces = scalars.isEmpty ? [] : [0..<scalars.count]
  }

  /// Divides each piece. The function calls back with the parts of a piece in their order, and whether each is a
  /// delimiter. What it leaves out is gone.
  mutating func split(
    _ behavior: SplitBehavior, _ parts: (WordScalars, Range<Int>, (Range<Int>, Bool) -> Void) -> Void
  ) {
    var collector = PieceCollector(behavior: behavior)
    scalars.withUnsafeBufferPointer { scalars in
      for piece in pieces {
        parts(scalars, piece) { collector.add($0, isDelimiter: $1) }
        collector.finish()
      }
    }
    pieces = collector.pieces
  }

  /// Divides each piece at single scalars.
  mutating func split(_ behavior: SplitBehavior, at isDelimiter: (Unicode.Scalar) -> Bool) {
    split(behavior) { scalars, piece, add in
      var start = piece.lowerBound
      for place in piece where isDelimiter(scalars[place]) {
        if start < place { add(start..<place, false) }
        add(place..<place + 1, true)
        start = place + 1
      }
      if start < piece.upperBound { add(start..<piece.upperBound, false) }
    }
  }

  /// Rewrites each piece. The function appends its new scalars to the new text, and their place there to the new pieces.
  /// It learns whether the piece begins with the first scalar of the input.
  mutating func rewrite(_ body: (ArraySlice<Unicode.Scalar>, Bool, inout [Unicode.Scalar], inout [Range<Int>]) -> Void)
  {
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(scalars.count + pieces.count)
    var newPieces: [Range<Int>] = []
    var newStart = 0
    for piece in pieces {
      let isAtStart = piece.lowerBound < startCount
      body(scalars[piece], isAtStart, &result, &newPieces)
      // Nothing asks again where a later piece began, so the whole piece counts.
      if isAtStart { newStart = result.count }
    }
    (scalars, pieces, startCount) = (result, newPieces, newStart)
  }
}

/// The fate of a delimiter, in the words of `tokenizers`.
enum SplitBehavior: String, CaseIterable, Sendable {
  case removed = "Removed"
  case isolated = "Isolated"
  case mergedWithPrevious = "MergedWithPrevious"
  case mergedWithNext = "MergedWithNext"
  case contiguous = "Contiguous"

  init(_ entry: TokenizerEntry) throws(Fault) {
    let name = try entry.string()
    guard let behavior = Self(rawValue: name) else {
      throw entry.unsupported("behavior \(name)", among: Self.allCases.map(\.rawValue))
    }
    self = behavior
  }
}

/// Joins the parts of a piece as a behaviour demands.
private struct PieceCollector {
  let behavior: SplitBehavior
  private(set) var pieces: [Range<Int>] = []
  private var wasDelimiter = false
  /// True while the current piece has no part yet.
  private var isFirst = true

  init(behavior: SplitBehavior) { self.behavior = behavior }

  @inline(__always)
  mutating func add(_ part: Range<Int>, isDelimiter: Bool) {
    switch behavior {
    case .removed: if !isDelimiter { pieces.append(part) }
    case .isolated: pieces.append(part)
    case .contiguous: join(part, if: isDelimiter == wasDelimiter)
    case .mergedWithPrevious: join(part, if: isDelimiter && !wasDelimiter)
    case .mergedWithNext: join(part, if: !isDelimiter && wasDelimiter)
    }
    (wasDelimiter, isFirst) = (isDelimiter, false)
  }

  private mutating func join(_ part: Range<Int>, if isJoined: Bool) {
    if isJoined, !isFirst {
      pieces[pieces.count - 1] = pieces[pieces.count - 1].lowerBound..<part.upperBound
    } else {
      pieces.append(part)
    }
  }

  mutating func finish() { (wasDelimiter, isFirst) = (false, true) }
}
