/// Seeds that follow from other numbers, so that every random draw can be made anew without a saved generator.
public enum DerivedSeed {
  /// A seed from several numbers in order: each is mixed in by the finaliser of SplitMix64 (Steele et al. 2014).
  public static func of(_ parts: UInt64...) -> UInt64 { of(parts) }

  /// A seed from a seed and a name.
  public static func of(_ seed: UInt64, name: String) -> UInt64 { of([seed] + name.utf8.map(UInt64.init)) }

  private static func of(_ parts: [UInt64]) -> UInt64 {
    parts.reduce(0) { state, part in
      var mixed = (state ^ part) &+ 0x9E37_79B9_7F4A_7C15
      mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
      return mixed ^ mixed >> 31
    }
  }
}
