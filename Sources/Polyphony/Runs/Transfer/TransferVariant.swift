import Torch

/// A tuning method with its own settings, such as `lora` or `lora{rank: 2}`. It is one row of a comparison.
public struct TransferVariant: Sendable, CustomStringConvertible {
  /// The text as the user wrote it.
  public let description: String
  /// The method's name.
  public let method: String
  /// The settings, in the form of a recipe's section `tuning`.
  public let settings: SettingsTree

  /// Reads `NAME` or `NAME{key: value, …}`.
  /// - Throws: `Fault(.usage)` for an unknown method, or for settings that are not a map.
  public init(_ text: String) throws(Fault) {
    description = text
    guard let open = text.firstIndex(of: "{") else {
      (method, settings) = (text, .empty)
      _ = try TuningMethods.maker(method)
      return
    }
    method = String(text[..<open])
    _ = try TuningMethods.maker(method)
    guard text.hasSuffix("}") else {
      throw Fault(
        .usage, "the method's settings do not end", key: "--method", found: text,
        expected: "NAME{key: value, key: value}")
    }
    settings = try SettingsTree(yaml: String(text[open...]), file: "--method \(method)")
  }

  /// Reads several variants, with commas between them.
  /// - Throws: The errors of ``init(_:)``.
  public static func list(_ text: String) throws(Fault) -> [TransferVariant] {
    var (parts, depth) = ([""], 0)
    for character in text {
      if character == "{" || character == "[" { depth += 1 }
      if character == "}" || character == "]" { depth -= 1 }
      if character == ",", depth == 0 { parts.append("") } else { parts[parts.count - 1].append(character) }
    }
    var variants: [TransferVariant] = []
    for part in parts { variants.append(try TransferVariant(part.trimmingSpaces)) }
    return variants
  }

  /// All tuning methods of the field. Several of them also have a small form.
  public static let standard = """
    full,head,bitfit,ia3,lora{rank: 1},lora,adapter{bottleneck: 2},adapter,compacter,prompt,prefix,\
    lmf{bottleneck: 2, feature_rank: 1},lmf{bottleneck: 4, feature_rank: 2},concat{bottleneck: 4},\
    cross_attention,moka,\
    wander{bottleneck: 2, feature_rank: 1, token_rank: 1},wander{bottleneck: 4, feature_rank: 2, token_rank: 2},\
    wander{bottleneck: 4, feature_rank: 1, token_rank: 12},wander
    """

  /// The text in a form for the name of a folder.
  var slug: String {
    let kept = description.map { $0.isLetter || $0.isNumber || $0 == "." || $0 == "_" ? $0 : "-" }
    return String(kept).split(separator: "-").joined(separator: "-")
  }
}

extension String {
  fileprivate var trimmingSpaces: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
