/// A Swift file as text without comments and without the literal parts of strings; lines keep their numbers.
struct SwiftSource {
  /// The path below `Sources/Polyphony`.
  let path: String
  /// The code, line by line.
  let lines: [String]

  init(path: String, text: String) {
    self.path = path
    lines = Self.code(of: text).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  init(path: String, lines: [String]) { (self.path, self.lines) = (path, lines) }

  /// The folder that the file is in; empty for a file beside the rooms.
  var room: String {
    let parts = path.split(separator: "/")
    return parts.count > 1 ? String(parts[0]) : ""
  }

  /// Replaces comments and string literals by spaces, but keeps the code inside `\(…)`.
  private static func code(of text: String) -> String {
    enum Place {
      case code(closing: Int)  // Parentheses that are open since an interpolation began; −1 outside of strings.
      case string(quotes: Int)
      case lineComment
      case blockComment(depth: Int)
    }
    let characters = Array(text)
    var result = ""
    var places: [Place] = [.code(closing: -1)]
    var index = 0
    func starts(_ word: String) -> Bool { characters[index...].starts(with: Array(word)) }
    while index < characters.count {
      let character = characters[index]
      var length = 1
      switch places[places.count - 1] {
      case .code(let open):
        if starts("//") {
          places.append(.lineComment)
        } else if starts("/*") {
          places.append(.blockComment(depth: 1))
          length = 2
        } else if character == "\"" {
          let quotes = starts("\"\"\"") ? 3 : 1
          places.append(.string(quotes: quotes))
          length = quotes
        } else {
          result.append(character)
          if open >= 0, character == "(" { places[places.count - 1] = .code(closing: open + 1) }
          if open >= 0, character == ")" {
            if open == 1 { places.removeLast() } else { places[places.count - 1] = .code(closing: open - 1) }
          }
        }
      case .string(let quotes):
        if starts("\\(") {
          result += " ("
          places.append(.code(closing: 1))
          length = 2
        } else if character == "\\" {
          length = 2
        } else if starts(String(repeating: "\"", count: quotes)) {
          result += "\"\""
          places.removeLast()
          length = quotes
        } else if character == "\n" {
          result.append(character)
        }
      case .lineComment:
        if character == "\n" {
          result.append(character)
          places.removeLast()
        }
      case .blockComment(let depth):
        if character == "\n" { result.append(character) }
        if starts("/*") {
          places[places.count - 1] = .blockComment(depth: depth + 1)
          length = 2
        } else if starts("*/") {
          if depth == 1 { places.removeLast() } else { places[places.count - 1] = .blockComment(depth: depth - 1) }
          length = 2
        }
      }
      index += length
    }
    return result
  }
}
