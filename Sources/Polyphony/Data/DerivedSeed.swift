/// Seeds derived from other numbers, so that a run can repeat each random draw without a saved generator.
public enum DerivedSeed {
  /// Derives a seed from several numbers in order. The finaliser of SplitMix64 (Steele et al. 2014) mixes each of them
  /// in.
  public static func of(_ parts: UInt64...) -> UInt64 { of(parts) }

  /// Derives a seed from a seed and a name.
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
