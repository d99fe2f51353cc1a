/// The set of characters for lines, bars and signs.
public enum GlyphSet: Sendable {
  /// Box-drawing characters and `±`.
  case unicode
  /// ASCII characters only.
  case ascii
}
