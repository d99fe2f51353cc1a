import Foundation
import Polyphony

/// How much of the long trials runs. `make torture` sets the numbers, and `make test` has few cases.
enum Torture {
  /// The number of runs on a small disk. `POLYPHONY_DISKS` sets it.
  static let disks = number("POLYPHONY_DISKS", standard: 4)
  /// The number of mutated files. `POLYPHONY_CASES` sets it.
  static let cases = number("POLYPHONY_CASES", standard: 300)
  /// The number of damaged files of pretrained encoders. `POLYPHONY_ENCODER_CASES` sets it.
  static let encoderCases = number("POLYPHONY_ENCODER_CASES", standard: 200)
  /// True for a long trial, which `make torture` asks for.
  static let isLong = ProcessInfo.processInfo.environment["POLYPHONY_CASES"] != nil
  /// The seed of all cases. `POLYPHONY_SEED` sets it.
  static let seed = UInt64(number("POLYPHONY_SEED", standard: 1))

  private static func number(_ name: String, standard: Int) -> Int {
    ProcessInfo.processInfo.environment[name].flatMap(Int.init) ?? standard
  }

  /// A number from 0 to below 1 that follows from the seed and the place.
  static func share(_ parts: Int...) -> Double {
    let mixed = parts.reduce(seed) { DerivedSeed.of($0, UInt64($1)) }
    return Double(mixed >> 11) / Double(1 << 53)
  }
}

/// A generator whose numbers follow from a seed, so that a failed case can be repeated.
struct SeededNumbers: RandomNumberGenerator {
  private let seed: UInt64
  private var place: UInt64 = 0

  init(_ seed: UInt64) { self.seed = seed }

  mutating func next() -> UInt64 {
    place += 1
    return DerivedSeed.of(seed, place)
  }
}
