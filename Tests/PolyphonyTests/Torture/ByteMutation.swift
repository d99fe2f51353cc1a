import Foundation

/// Damages bytes in ways that readers meet: flipped bits, lost and doubled pieces, and words with a meaning.
enum ByteMutation {
  private static let pieces = [
    "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u0000", "\\ud800", "0", "-1", "4611686018427387904", "1e999", "NaN",
    "null", "true", "[[[[[[[[", "data_offsets", "shape", "F32", "&a *a", "!!python/object", "\u{0}", "\u{1B}[2J", "é",
    "\n", "  - ", "../..", "/dev/null",
  ].map { Array($0.utf8) }

  /// Damages bytes in one to four places.
  static func mutate(_ bytes: inout [UInt8], using random: inout SeededNumbers) {
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      guard !bytes.isEmpty else { return }
      // Headers and keys are at the front.
      let limit = Bool.random(using: &random) ? bytes.count : min(bytes.count, 512)
      let place = Int.random(in: 0..<limit, using: &random)
      switch Int.random(in: 0..<7, using: &random) {
      case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 1: bytes[place] = .random(in: .min ... .max, using: &random)
      case 2: bytes.removeSubrange(place..<min(place + Int.random(in: 1...8, using: &random), bytes.count))
      case 3: bytes.removeLast(bytes.count - place)
      case 4: bytes.insert(contentsOf: pieces.randomElement(using: &random)!, at: place)
      case 5: replaceNumber(in: &bytes, from: place, using: &random)
      default:
        let length = Int.random(in: 1...32, using: &random)
        bytes.insert(contentsOf: bytes[place..<min(place + length, bytes.count)], at: place)
      }
    }
  }

  /// Replaces the next number of a text by one at a bound.
  private static func replaceNumber(in bytes: inout [UInt8], from place: Int, using random: inout SeededNumbers) {
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    guard let start = bytes[place...].firstIndex(where: digits.contains) else { return }
    let end = bytes[start...].firstIndex { !digits.contains($0) } ?? bytes.count
    let numbers = ["0", "-1", "1", "255", "65536", "2147483648", "4611686018427387904", "1e308", "0.5"]
    bytes.replaceSubrange(start..<end, with: Array(numbers.randomElement(using: &random)!.utf8))
  }
}
