import Polyphony

/// A data element of a MAT-file of version 5: a type, and bytes within a part of a file.
///
/// Format: «MAT-File Level 5 File Format» of The MathWorks.
struct MatlabElement {
  /// The types of elements that the reader knows apart from numbers and texts.
  static let matrix = 14
  static let compressed = 15

  /// The number of the type.
  let type: Int
  /// The place of the content in its file.
  let content: Range<Int>
  /// The place after the element and its padding.
  let end: Int

  /// The type of the content's numbers. It is nil for other content.
  func elementType(isBigEndian: Bool) -> ElementType? {
    let names = [
      1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
    ]
    return names[type].flatMap { ElementType((isBigEndian ? ">" : "<") + $0) }
  }
}

/// A part of a MAT-file: the file itself, or an unpacked element of it.
struct MatlabPart {
  let file: RandomAccessFile
  let range: Range<Int>
  let isBigEndian: Bool
  /// The path of the user's file, for faults.
  let path: String

  /// Reads the element at a place. The first four bytes of a small one hold type and size, and the next four the content.
  /// - Throws: `Fault(.badData)` for an element that would leave the part.
  func element(at place: Int, before limit: Int? = nil) throws(Fault) -> MatlabElement {
    let limit = min(limit ?? range.upperBound, range.upperBound)
    guard place >= range.lowerBound, place <= limit - 8 else { throw broken(place, "its end at byte \(limit)") }
    let tag = try file.bytes(8, at: place)
    let (first, second) = (word(tag, 0), word(tag, 4))
    let (small, type) = (first >> 16, first & 0xFFFF)
    if small > 0 {
      guard small <= 4 else { throw broken(place, "\(small) bytes in a small element") }
      return MatlabElement(type: type, content: place + 4..<place + 4 + small, end: place + 8)
    }
    guard second <= limit - place - 8 else { throw broken(place, "\(second) bytes, and \(limit - place - 8) follow") }
    let end = place + 8 + second
    // Elements begin at multiples of 8, counted from the part's start, except after a compressed one.
    let padding = type == MatlabElement.compressed ? 0 : (8 - second % 8) % 8
    return MatlabElement(type: type, content: place + 8..<end, end: min(end + padding, limit))
  }

  /// Returns the content as whole numbers. It is nil for other content, and for more than `most` numbers.
  func integers(_ element: MatlabElement, atMost most: Int) throws(Fault) -> [Int]? {
    guard let type = element.elementType(isBigEndian: isBigEndian), type.kind != .float,
      element.content.count % type.size == 0, element.content.count / type.size <= most
    else { return nil }
    let raw = try file.bytes(element.content.count, at: element.content.lowerBound)
    return raw.withUnsafeBytes { raw in
      (0..<raw.count / type.size).compactMap { Int(exactly: type.double(raw, $0)) }
    }
  }

  /// The error of a broken part.
  func broken(_ place: Int, _ found: String) -> Fault {
    Fault(
      .badData, "the MAT-file is broken", file: path, key: "byte \(place)", found: found,
      expected: "a whole element of a MAT-file", remedy: "copy or download the file again")
  }

  private func word(_ bytes: [UInt8], _ start: Int) -> Int {
    let bytes = bytes[start..<start + 4]
    return (isBigEndian ? Array(bytes) : bytes.reversed()).reduce(0) { $0 << 8 | Int($1) }
  }
}
