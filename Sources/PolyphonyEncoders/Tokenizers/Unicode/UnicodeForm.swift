import Foundation

/// A normal form of Unicode (UAX 15), with the tables of Unicode 9 that `tokenizers` has.
///
/// The decomposition of a single scalar comes from Foundation. Order and composition are computed here, because
/// Foundation's forms of whole strings differ between systems and misplace some marks.
enum UnicodeForm: String, Sendable {
  case nfd = "NFD"
  case nfc = "NFC"
  case nfkd = "NFKD"
  case nfkc = "NFKC"

  private var isCompatibility: Bool { self == .nfkd || self == .nfkc }
  private var composes: Bool { self == .nfc || self == .nfkc }

  /// Returns the scalars in this form.
  func normalized(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
    guard scalars.contains(where: { $0.value >= 0x80 }) else { return scalars }
    let table = isCompatibility ? Decompositions.compatible : .canonical
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(scalars.count + scalars.count / 4)
    for scalar in scalars { table.append(scalar, to: &result) }
    Self.order(&result)
    if composes { Self.compose(&result) }
    return result
  }

  /// The combining class, 0 for scalars younger than Unicode 9.
  @inline(__always)
  static func combiningClass(_ scalar: Unicode.Scalar) -> UInt8 {
    guard scalar.value >= 0x300 else { return 0 }
    let value = scalar.properties.canonicalCombiningClass.rawValue
    return value == 0 || (scalar.properties.age?.major ?? .max) > 9 ? 0 : value
  }

  /// Sorts each run of marks by its combining class, and keeps the order of equal ones.
  private static func order(_ scalars: inout [Unicode.Scalar]) {
    var start = 0
    while start < scalars.count {
      guard combiningClass(scalars[start]) > 0 else {
        start += 1
        continue
      }
      var end = start
      var marks: [(class: UInt8, scalar: Unicode.Scalar)] = []
      while end < scalars.count, case let value = combiningClass(scalars[end]), value > 0 {
        marks.append((value, scalars[end]))
        end += 1
      }
      // The library's sort keeps the order of equal elements.
      if marks.count > 1 {
        marks.sort { $0.class < $1.class }
        for (index, mark) in marks.enumerated() { scalars[start + index] = mark.scalar }
      }
      start = end
    }
  }

  /// Replaces each starter and the marks after it that are not blocked by their composite.
  private static func compose(_ scalars: inout [Unicode.Scalar]) {
    var written = 0
    var starter: Int?
    var lastClass: UInt8 = 0
    for scalar in scalars {
      let value = combiningClass(scalar)
      if let place = starter, written == place + 1 || lastClass < value,
        let composite = Compositions.shared.composite(of: scalars[place], scalar)
      {
        scalars[place] = composite
        continue
      }
      if value == 0 { starter = written }
      lastClass = value
      scalars[written] = scalar
      written += 1
    }
    scalars.removeSubrange(written...)
  }
}

/// The full decompositions of scalars.
private struct Decompositions: Sendable {
  static let canonical = Decompositions { $0.decomposedStringWithCanonicalMapping }
  static let compatible = Decompositions { $0.decomposedStringWithCompatibilityMapping }
  /// Scalars outside these ranges have no decomposition in Unicode 9, apart from the syllables of Hangul.
  private static let ranges: [ClosedRange<UInt32>] = [
    0xA0...0x33FF, 0xA640...0xABFF, 0xF900...0xFFFF, 0x11000...0x117FF, 0x1D100...0x1EEFF, 0x1F100...0x1F2FF,
    0x2F800...0x2FA1F,
  ]

  /// The decompositions one after another.
  private var pool: [Unicode.Scalar] = []
  /// For each range the place in the pool, times 32, plus the count. The count is 0 without a decomposition.
  private var entries: [[UInt32]] = []

  private init(_ decomposed: (String) -> String) {
    for range in Self.ranges {
      entries.append(
        range.map { value in
          guard let scalar = Unicode.Scalar(value), (scalar.properties.age?.major ?? .max) <= 9 else { return 0 }
          let parts = decomposed(String(Character(scalar))).unicodeScalars
          guard parts.first != scalar else { return 0 }
          defer { pool.append(contentsOf: parts) }
          return UInt32(pool.count) << 5 | UInt32(parts.count)
        })
    }
  }

  @inline(__always)
  func append(_ scalar: Unicode.Scalar, to result: inout [Unicode.Scalar]) {
    let value = scalar.value
    if value < 0xA0 { return result.append(scalar) }
    if Hangul.syllables.contains(value) { return Hangul.append(value, to: &result) }
    for (index, range) in Self.ranges.enumerated() where range.contains(value) {
      let entry = entries[index][Int(value - range.lowerBound)]
      guard entry > 0 else { break }
      let start = Int(entry >> 5)
      return result.append(contentsOf: pool[start..<start + Int(entry & 31)])
    }
    result.append(scalar)
  }

  /// All canonical decompositions of two or more scalars.
  func forEach(_ body: (Unicode.Scalar, ArraySlice<Unicode.Scalar>) -> Void) {
    for (index, range) in Self.ranges.enumerated() {
      for (entry, value) in zip(entries[index], range) where entry & 31 > 1 {
        body(Unicode.Scalar(value)!, pool[Int(entry >> 5)..<Int(entry >> 5) + Int(entry & 31)])
      }
    }
  }
}

/// The composites of pairs of scalars.
private struct Compositions: Sendable {
  static let shared = Compositions()

  private var pairs: [UInt64: Unicode.Scalar] = [:]

  private init() {
    var found: [(composite: Unicode.Scalar, parts: [Unicode.Scalar])] = []
    Decompositions.canonical.forEach { scalar, parts in
      if !scalar.properties.isFullCompositionExclusion { found.append((scalar, Array(parts))) }
    }
    // The first parts of a long decomposition are themselves a composite, which is known when its turn comes.
    for (composite, parts) in found.sorted(by: { $0.parts.count < $1.parts.count }) {
      let first = parts.dropLast().dropFirst().reduce(parts[0] as Unicode.Scalar?) { first, next in
        first.flatMap { pairs[Self.key($0, next)] }
      }
      if let first { pairs[Self.key(first, parts[parts.count - 1])] = composite }
    }
  }

  private static func key(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> UInt64 {
    UInt64(first.value) << 32 | UInt64(second.value)
  }

  func composite(of first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
    Hangul.composite(of: first.value, second.value) ?? pairs[Self.key(first, second)]
  }
}

/// The syllables of Hangul, which follow from arithmetic (Unicode, section 3.12).
private enum Hangul {
  static let syllables: Range<UInt32> = 0xAC00..<0xAC00 + 11172

  static func append(_ value: UInt32, to result: inout [Unicode.Scalar]) {
    let index = value - syllables.lowerBound
    result.append(Unicode.Scalar(0x1100 + index / 588)!)
    result.append(Unicode.Scalar(0x1161 + index % 588 / 28)!)
    if index % 28 > 0 { result.append(Unicode.Scalar(0x11A7 + index % 28)!) }
  }

  static func composite(of first: UInt32, _ second: UInt32) -> Unicode.Scalar? {
    if (0x1100..<0x1113).contains(first), (0x1161..<0x1176).contains(second) {
      return Unicode.Scalar(syllables.lowerBound + ((first - 0x1100) * 21 + second - 0x1161) * 28)
    }
    if syllables.contains(first), (first - syllables.lowerBound) % 28 == 0, (0x11A8..<0x11C3).contains(second) {
      return Unicode.Scalar(first + second - 0x11A7)
    }
    return nil
  }
}
