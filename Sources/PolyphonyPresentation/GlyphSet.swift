/// Which characters may be used for lines, bars and signs.
public enum GlyphSet: Sendable {
  /// Box-drawing characters and `±`.
  case unicode
  /// Nothing beyond ASCII.
  case ascii
}
