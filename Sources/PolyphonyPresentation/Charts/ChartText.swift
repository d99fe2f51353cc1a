/// Estimates of the space that texts take, because no font is available while a drawing is written.
enum ChartText {
  /// Estimates the width of a text, rather too large than too small.
  static func width(_ text: String, size: Double = 11) -> Double {
    text.reduce(0) { sum, character in sum + share(character) } * size
  }

  private static func share(_ character: Character) -> Double {
    guard let value = character.asciiValue else {
      return character.isLetter && character.unicodeScalars.allSatisfy { $0.value < 0x2E80 } ? 0.66 : 1.25
    }
    return switch Character(Unicode.Scalar(value)) {
    case "i", "l", "j", "t", "f", "r", ".", ",", ":", ";", "'", "|", "!", " ", "(", ")", "[", "]", "/": 0.38
    case "m", "w", "M", "W", "@", "%": 0.95
    case "A"..."Z", "+", "=", "<", ">", "&", "#", "~": 0.74
    default: 0.6
    }
  }

  /// Returns the text, or as much of its beginning as fits, with an ellipsis.
  static func fitted(_ text: String, size: Double = 11, room: Double) -> String {
    let line = text.contains(where: \.isNewline) ? String(text.map { $0.isNewline ? " " : $0 }) : text
    guard width(line, size: size) > room else { return line }
    var used = share("…") * size
    var result = ""
    for character in line {
      used += share(character) * size
      if used > room { break }
      result.append(character)
    }
    return result + "…"
  }
}
