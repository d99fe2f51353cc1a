/// A text on its way through the normalizers.
struct NormalizedText {
  var scalars: [Unicode.Scalar]
  /// The number of leading scalars that come from the very first scalar of the whole input. `Metaspace` with the scheme
  /// `first` asks for it. It is 0 for a part from the middle.
  var startCount: Int

  /// Replaces each scalar by what a function appends for it.
  mutating func rewrite(_ body: (Unicode.Scalar, inout [Unicode.Scalar]) -> Void) {
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(scalars.count)
    var newStart = 0
    for (index, scalar) in scalars.enumerated() {
      body(scalar, &result)
      if index == startCount - 1 { newStart = result.count }
    }
    (scalars, startCount) = (result, newStart)
  }

  /// Removes the scalars of which a function says so.
  mutating func remove(where isRemoved: (Unicode.Scalar) -> Bool) {
    guard scalars.contains(where: isRemoved) else { return }
    rewrite { scalar, result in
      if !isRemoved(scalar) { result.append(scalar) }
    }
  }

  /// Brings the text into a normal form.
  mutating func normalize(to form: UnicodeForm) {
    let start = form.normalized(Array(scalars.prefix(startCount)))
    scalars = form.normalized(scalars)
    startCount = min(start.count, scalars.count)
  }

  /// Lowercases each scalar by itself.
  mutating func lowercase() {
    if scalars.allSatisfy({ $0.value < 0x80 }) {
      for index in scalars.indices where (0x41...0x5A).contains(scalars[index].value) {
        scalars[index] = Unicode.Scalar(scalars[index].value + 32)!
      }
    } else {
      rewrite { scalar, result in
        if scalar.value < 0x80 {
          result.append((0x41...0x5A).contains(scalar.value) ? Unicode.Scalar(scalar.value + 32)! : scalar)
        } else {
          result.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
        }
      }
    }
  }

  /// Puts a text before one that is not empty.
  mutating func prepend(_ prefix: [Unicode.Scalar]) {
    guard !scalars.isEmpty else { return }
    scalars.insert(contentsOf: prefix, at: 0)
    if startCount > 0 { startCount += prefix.count }
  }

  /// Removes white space at the ends.
  mutating func strip(left: Bool, right: Bool) {
    let leading = left ? scalars.prefix { $0.has(.whitespace) }.count : 0
    let trailing = right ? scalars.dropFirst(leading).reversed().prefix { $0.has(.whitespace) }.count : 0
    scalars.removeLast(trailing)
    scalars.removeFirst(leading)
    startCount = min(max(0, startCount - leading), scalars.count)
  }

  /// Replaces what a pattern finds.
  mutating func replace(_ pattern: TextPattern, by content: [Unicode.Scalar]) {
    let matches = scalars.withUnsafeBufferPointer { pattern.matches(in: $0) }
    guard !matches.isEmpty else { return }
    var result: [Unicode.Scalar] = []
    var newStart = 0
    var end = 0
    for match in matches + [scalars.count..<scalars.count] {
      result.append(contentsOf: scalars[end..<match.lowerBound])
      if startCount > end { newStart = result.count - max(0, match.lowerBound - startCount) }
      guard !match.isEmpty else { break }
      result.append(contentsOf: content)
      if startCount >= match.upperBound { newStart = result.count }
      end = match.upperBound
    }
    (scalars, startCount) = (result, newStart)
  }
}
