import Foundation
import PolyphonySupport

/// The bearer tokens that a service accepts (RFC 6750).
package struct AccessTokens: Sendable {
  /// The fewest characters of a token. Shorter ones can be guessed.
  private static let shortest = 16

  private let tokens: [[UInt8]]

  /// Reads a file with a token on each line. Empty lines have no meaning.
  /// - Throws: `Fault(.missingInput)` for a file that is not there, `Fault(.badData)` for a file without tokens and for a
  ///   token that no client could send or that anyone could guess.
  package init(file: String) throws(Fault) {
    guard let data = FileManager.default.contents(atPath: file) else {
      throw Fault(.missingInput, "the file of tokens is not there or cannot be read", file: file, key: "--token-file")
    }
    var tokens: [[UInt8]] = []
    for (line, bytes) in data.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
      let token = Array(bytes.last == 13 ? bytes.dropLast() : bytes)
      if token.isEmpty { continue }
      guard token.count >= Self.shortest, token.allSatisfy({ $0 > 32 && $0 < 127 }) else {
        // The token itself does not belong on a terminal.
        throw Fault(
          .badData, "a line is no token", file: file, key: "line \(line + 1)", found: "\(token.count) characters",
          expected: "\(Self.shortest) or more characters without spaces",
          remedy: "make one with: openssl rand -hex 32")
      }
      tokens.append(token)
    }
    guard !tokens.isEmpty else {
      throw Fault(
        .badData, "the file has no token", file: file, key: "--token-file", expected: "a token on each line",
        remedy: "make one with: openssl rand -hex 32")
    }
    self.tokens = tokens
  }

  /// Returns true if a field `Authorization` has one of the tokens. The time does not depend on how much of it is right.
  func accept(_ field: String?) -> Bool {
    guard let field, field.lowercased().hasPrefix("bearer ") else { return false }
    let given = Array(field.dropFirst(7).utf8)
    return tokens.reduce(false) { found, token in
      let difference = zip(token, given).reduce(token.count ^ given.count) { $0 | Int($1.0 ^ $1.1) }
      return found || difference == 0
    }
  }
}
