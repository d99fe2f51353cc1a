/// The texts of MATLAB's char arrays, whose rows are padded with spaces.
enum MatlabText {
  /// Returns the rows of an array `[N, L]` of characters, with the first index fastest. It is nil if they do not fit.
  ///
  /// An array without characters has no rows, whatever its extents say.
  static func rows(_ characters: [UInt16], _ shape: [Int]) -> [String]? {
    guard shape.count == 2, NumPyArray.count(shape) == characters.count else { return nil }
    guard !characters.isEmpty else { return [] }
    return (0..<shape[0]).map { row in
      var text = (0..<shape[1]).map { characters[row + $0 * shape[0]] }
      while let last = text.last, last == 0x20 || last == 0 { text.removeLast() }
      return String(decoding: text, as: UTF16.self)
    }
  }

  /// Returns the characters of a text in UTF-8.
  static func characters(utf8 bytes: [UInt8]) -> [UInt16] { Array(String(decoding: bytes, as: UTF8.self).utf16) }
}
