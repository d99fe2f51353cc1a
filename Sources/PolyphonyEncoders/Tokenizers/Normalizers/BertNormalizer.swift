import PolyphonySupport

/// BERT's normalizer: clean text, spaces around Chinese characters, no accents, lower case.
struct BertNormalizer: Normalizer {
  let cleansText: Bool
  let separatesChinese: Bool
  let stripsAccents: Bool
  let lowercases: Bool

  /// - Parameter stripsAccents: If it is nil, accents go with lower case.
  init(cleansText: Bool, separatesChinese: Bool, stripsAccents: Bool?, lowercases: Bool) {
    (self.cleansText, self.separatesChinese, self.lowercases) = (cleansText, separatesChinese, lowercases)
    self.stripsAccents = stripsAccents ?? lowercases
  }

  init(_ entry: TokenizerEntry) throws(Fault) {
    self.init(
      cleansText: try entry.required("clean_text").bool(),
      separatesChinese: try entry.required("handle_chinese_chars").bool(),
      stripsAccents: try entry.optional("strip_accents")?.bool(), lowercases: try entry.required("lowercase").bool())
  }

  func normalize(_ text: inout NormalizedText) {
    let isASCII = text.scalars.allSatisfy { $0.value < 0x80 }
    if cleansText { clean(&text) }
    if separatesChinese, !isASCII { separate(&text) }
    if stripsAccents, !isASCII {
      text.normalize(to: .nfd)
      text.remove { $0.has(.accent) }
    }
    if lowercases { text.lowercase() }
  }

  private func clean(_ text: inout NormalizedText) {
    text.remove { $0.value == 0 || $0.value == 0xFFFD || $0.has(.control) }
    for index in text.scalars.indices where text.scalars[index].has(.whitespace) { text.scalars[index] = " " }
  }

  private func separate(_ text: inout NormalizedText) {
    guard text.scalars.contains(where: Self.isChinese) else { return }
    text.rewrite { scalar, result in
      if Self.isChinese(scalar) {
        result.append(contentsOf: [" ", scalar, " "])
      } else {
        result.append(scalar)
      }
    }
  }

  private static func isChinese(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    // The fifth range begins where the library begins it, not at the block's first character.
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F, 0x2B920...0x2CEAF,
      0xF900...0xFAFF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }
}
