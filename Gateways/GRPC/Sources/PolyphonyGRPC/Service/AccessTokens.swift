import Foundation

/// The bearer tokens that a gateway accepts.
package struct AccessTokens: Sendable {
  /// A file that cannot be read, or that has something else than tokens.
  package struct Unusable: Error, CustomStringConvertible {
    package let description: String
  }

  private let tokens: [[UInt8]]

  /// Reads a file with a token of 16 characters or more on each line. Empty lines have no meaning.
  package init(file: String) throws(Unusable) {
    guard let data = FileManager.default.contents(atPath: file) else {
      throw Unusable(description: "\(file): the file is not there or cannot be read")
    }
    let lines = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline)
    tokens = try lines.map { token throws(Unusable) in
      guard token.utf8.count >= 16, token.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
        throw Unusable(description: "\(file): each line needs 16 or more characters without spaces")
      }
      return Array(token.utf8)
    }
    if tokens.isEmpty { throw Unusable(description: "\(file): the file has no token") }
  }

  /// True for `Bearer TOKEN` with one of the tokens. The time does not depend on how much of it is right.
  package func accept(_ authorization: String?) -> Bool {
    guard let words = authorization?.split(separator: " "), words.count == 2, words[0].lowercased() == "bearer" else {
      return false
    }
    let given = Array(words[1].utf8)
    return tokens.reduce(false) { isFound, token in
      let differs = zip(token, given).reduce(token.count ^ given.count) { $0 | Int($1.0 ^ $1.1) }
      return isFound || differs == 0
    }
  }
}
