import Testing
import Torch

/// Damages a valid file in many ways. Parsing must refuse it, or return only valid ranges.
@Suite struct SafetensorsFuzzTests {
  private static let seedHeaders = [
    #"{"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"#
      + #""b":{"dtype":"I64","shape":[],"data_offsets":[24,32]},"e":{"dtype":"BOOL","shape":[0],"data_offsets":[32,32]}}  "#,
    #"{"x":{"dtype":"BF16","shape":[16],"data_offsets":[0,32]}}"#,
    #"{}"#,
  ]
  /// Pieces of text with a meaning in a header.
  private static let pieces = [
    "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u0000", "\\ud800", "0", "-1", "9223372036854775807", "1e999", "null",
    "true", "[[[[", "data_offsets", "shape", "dtype", "__metadata__", "F32", "U8", "\u{0}", "é",
  ].map { Array($0.utf8) }

  @Test(arguments: 0..<4)
  func neverCrashesNorLies(seed: UInt64) throws {
    var random = SplitMix64(state: seed)
    let seeds = Self.seedHeaders.map { SafetensorsHeaderTests.file($0, data: $0 == "{}" ? 0 : 32) }
    var accepted = 0
    for _ in 0..<30_000 {
      var bytes = seeds[Int.random(in: 0..<seeds.count, using: &random)]
      for _ in 0..<Int.random(in: 1...4, using: &random) { Self.mutate(&bytes, using: &random) }
      let header = bytes.withUnsafeBytes { try? SafetensorsHeader(parsing: $0) }
      guard let header else { continue }
      accepted += 1
      var end = bytes.count - header.entries.reduce(0) { $0 + $1.range.count }
      for entry in header.entries {
        // These are plain conditions, because a hundred thousand expectations would take longer than the parsing.
        let size = entry.dtype.byteCount(of: entry.shape)
        if entry.range.lowerBound != end || entry.range.upperBound > bytes.count || entry.range.count != size {
          Issue.record("a false range \(entry) in \(String(decoding: bytes, as: UTF8.self))")
        }
        end = entry.range.upperBound
      }
      if end != bytes.count { Issue.record("uncovered bytes in \(String(decoding: bytes, as: UTF8.self))") }
    }
    // Damage within a name or in the data is harmless, so some files must pass. Most must not.
    #expect((100..<15_000).contains(accepted))
  }

  private static func mutate(_ bytes: inout [UInt8], using random: inout SplitMix64) {
    guard !bytes.isEmpty else {
      bytes.append(.random(in: .min ... .max, using: &random))
      return
    }
    let place = Int.random(in: 0..<bytes.count, using: &random)
    switch Int.random(in: 0..<7, using: &random) {
    case 0: bytes[place] = .random(in: .min ... .max, using: &random)
    case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 2: bytes.remove(at: place)
    case 3: bytes.removeLast(bytes.count - place)
    case 4: bytes[min(place, 7)] = .random(in: .min ... .max, using: &random)
    case 5: bytes.insert(contentsOf: pieces[Int.random(in: 0..<pieces.count, using: &random)], at: place)
    default:
      let length = Int.random(in: 1...12, using: &random)
      bytes.insert(contentsOf: bytes[place..<min(place + length, bytes.count)], at: place)
    }
    // Half of the time the length is corrected, so that the damage reaches the JSON behind it.
    if Bool.random(using: &random), bytes.count > 40, let end = bytes.lastIndex(of: UInt8(ascii: "}")), end >= 8 {
      withUnsafeBytes(of: UInt64(end - 7).littleEndian) { bytes.replaceSubrange(0..<8, with: $0) }
    }
  }
}

/// A small seeded generator (Steele, Lea and Flood 2014), which makes a failure reproducible.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
