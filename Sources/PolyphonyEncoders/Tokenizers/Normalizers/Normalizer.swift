import PolyphonySupport

/// A step that changes a text before it is divided.
protocol Normalizer: Sendable {
  func normalize(_ text: inout NormalizedText)
}

/// Reads the section `normalizer` of a `tokenizer.json`.
enum Normalizers {
  static let names = [
    "BertNormalizer", "ByteLevel", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "Nmt", "Precompiled", "Prepend",
    "Replace", "Sequence", "Strip", "StripAccents",
  ]

  /// Reads a normalizer.
  /// - Throws: `Fault(.badData)` for one that is unknown or incomplete.
  static func read(_ entry: TokenizerEntry) throws(Fault) -> any Normalizer {
    let type = try entry.type()
    switch type {
    case "BertNormalizer": return try BertNormalizer(entry)
    case "ByteLevel": return ByteLevelNormalizer()
    case "Lowercase": return Lowercase()
    case "NFC", "NFD", "NFKC", "NFKD": return UnicodeForm(rawValue: type)!
    case "Nmt": return NmtNormalizer()
    case "Precompiled": return try CharacterMap(entry)
    case "Prepend": return Prepend(prefix: Array(try entry.required("prepend").string().unicodeScalars))
    case "Replace":
      return Replace(
        pattern: try TextPattern(entry.required("pattern")),
        content: Array(try entry.required("content").string().unicodeScalars))
    case "Sequence":
      var steps: [any Normalizer] = []
      for step in try entry.required("normalizers").elements() { steps.append(try read(step)) }
      return NormalizerSequence(steps: steps)
    case "Strip":
      return Strip(left: try entry.required("strip_left").bool(), right: try entry.required("strip_right").bool())
    case "StripAccents": return StripAccents()
    default: throw entry.unsupported("normalizer \(type)", among: names)
    }
  }
}

private struct Lowercase: Normalizer {
  func normalize(_ text: inout NormalizedText) { text.lowercase() }
}

extension UnicodeForm: Normalizer {
  func normalize(_ text: inout NormalizedText) { text.normalize(to: self) }
}

private struct Prepend: Normalizer {
  let prefix: [Unicode.Scalar]

  func normalize(_ text: inout NormalizedText) { text.prepend(prefix) }
}

private struct Replace: Normalizer {
  let pattern: TextPattern
  let content: [Unicode.Scalar]

  func normalize(_ text: inout NormalizedText) { text.replace(pattern, by: content) }
}

private struct NormalizerSequence: Normalizer {
  let steps: [any Normalizer]

  func normalize(_ text: inout NormalizedText) {
    for step in steps { step.normalize(&text) }
  }
}

private struct Strip: Normalizer {
  let left: Bool
  let right: Bool

  func normalize(_ text: inout NormalizedText) { text.strip(left: left, right: right) }
}

private struct StripAccents: Normalizer {
  func normalize(_ text: inout NormalizedText) { text.remove { $0.has(.mark) } }
}

/// The bytes of the text as printable scalars.
private struct ByteLevelNormalizer: Normalizer {
  func normalize(_ text: inout NormalizedText) { text.rewrite { ByteAlphabet.append($0, to: &$1) } }
}

/// The rules of Google's machine translation for control characters and white space.
private struct NmtNormalizer: Normalizer {
  func normalize(_ text: inout NormalizedText) {
    text.rewrite { scalar, result in
      switch scalar.value {
      case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: break
      case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD: result.append(" ")
      default: result.append(scalar)
      }
    }
  }
}
