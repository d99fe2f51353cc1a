import PolyphonySupport

/// SentencePiece's spaces: a space becomes `▁`, and a word begins with it.
struct Metaspace: PreTokenizer {
  private enum Scheme: String, CaseIterable {
    case first, never, always
  }

  private let replacement: Unicode.Scalar
  private let scheme: Scheme
  private let splits: Bool

  init(_ entry: TokenizerEntry) throws(Fault) {
    replacement = try entry.required("replacement").scalar()
    splits = try entry.optional("split")?.bool() ?? true
    let name = try entry.optional("prepend_scheme")?.string() ?? "always"
    guard let scheme = Scheme(rawValue: name) else {
      throw entry.unsupported("prepend_scheme \(name)", among: Scheme.allCases.map(\.rawValue))
    }
    self.scheme = try entry.optional("add_prefix_space")?.bool() == false ? .never : scheme
  }

  func split(_ text: inout SplitText) {
    text.rewrite { piece, isAtStart, result, pieces in
      let start = result.count
      let begins = piece.first == " " || piece.first == replacement
      if !begins, scheme == .always || scheme == .first && isAtStart { result.append(replacement) }
      for scalar in piece { result.append(scalar == " " ? replacement : scalar) }
      pieces.append(start..<result.count)
    }
    if splits { text.split(.mergedWithNext) { $0 == replacement } }
  }
}
