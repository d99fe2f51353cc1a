import Foundation
import PolyphonySupport

/// The compiled replacements of SentencePiece (`precompiled_charsmap`).
///
/// The map is a double-array trie (Darts) over UTF-8 whose values are places in a pool of texts that end in a zero.
struct CharacterMap: Normalizer {
  private let units: [UInt32]
  private let pool: [UInt8]

  init(_ entry: TokenizerEntry) throws(Fault) {
    let map = try entry.required("precompiled_charsmap")
    guard let data = Data(base64Encoded: try map.string()), data.count >= 4 else {
      throw Fault(
        .badData, "this is no map of characters", file: map.file, key: map.path, expected: "a map in base64")
    }
    let bytes = [UInt8](data)
    func word(_ place: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << (8 * $1) } }
    let size = Int(word(0))
    guard size % 4 == 0, size > 0, size <= bytes.count - 4 else {
      throw Fault(
        .badData, "a map of characters is cut off", file: map.file, key: map.path, found: "\(bytes.count) bytes",
        expected: "at least \(size + 4) bytes")
    }
    units = stride(from: 4, to: 4 + size, by: 4).map { word($0) }
    pool = Array(bytes[(4 + size)...])
  }

  func normalize(_ text: inout NormalizedText) {
    var string = String.UnicodeScalarView()
    string.append(contentsOf: text.scalars)
    var result: [Unicode.Scalar] = []
    var newStart = 0
    var place = 0
    func append(_ scalars: some Sequence<Unicode.Scalar>, for count: Int) {
      // Replacements belong to the replaced scalars one by one, and what is left over belongs to the last.
      let before = result.count
      result.append(contentsOf: scalars)
      // The library forgets scalars that it removes before any other, so the next ones take their places.
      guard !result.isEmpty else { return }
      if place + count <= text.startCount {
        newStart = result.count
      } else if place < text.startCount {
        newStart = min(result.count, before + text.startCount - place)
      }
      place += count
    }
    for cluster in String(string) {
      let scalars = cluster.unicodeScalars
      if cluster.utf8.count < 6, let replacement = replacement(for: cluster.utf8) {
        append(replacement, for: scalars.count)
      } else {
        for scalar in scalars { append(replacement(for: UTF8.encode(scalar)!) ?? [scalar], for: 1) }
      }
    }
    (text.scalars, text.startCount) = (result, newStart)
  }

  /// Returns the replacement of the shortest key that the bytes begin with.
  private func replacement(for bytes: some Sequence<UInt8>) -> [Unicode.Scalar]? {
    var node = offset(units[0])
    for byte in bytes {
      guard byte != 0 else { return nil }
      node ^= Int(byte)
      guard node < units.count, units[node] & 0x8000_00FF == UInt32(byte) else { return nil }
      let unit = units[node]
      node ^= offset(unit)
      guard unit & 0x100 != 0 else { continue }
      guard node < units.count else { return nil }
      let start = Int(units[node] & 0x7FFF_FFFF)
      guard start < pool.count else { return nil }
      return Array(String(decoding: pool[start...].prefix { $0 != 0 }, as: UTF8.self).unicodeScalars)
    }
    return nil
  }

  private func offset(_ unit: UInt32) -> Int { Int((unit >> 10) << ((unit & 0x200) >> 6)) }
}
