/// The published implementation's names of prompts, for the modalities text (l), audio (a) and vision (v).
enum PublishedPromptNames {
  private static let letters = ["text": "l", "audio": "a", "vision": "v"]

  /// The published name of a prompt's key; nil for a key that is no prompt's, or other modalities.
  static func name(_ key: String, modalities: [String]) -> String? {
    guard modalities == ["text", "audio", "vision"] else { return nil }
    let parts = key.split(separator: ".").map(String.init)
    switch (parts[0], parts.count) {
    case ("generative_prompt", 1): return "generative_prompt"
    case ("type_prompt", 1): return "missing_type_prompt"
    // features.text.audio.weight: l2a.conv.weight
    case ("features", 4):
      guard let source = letters[parts[1]], let target = letters[parts[2]] else { return nil }
      return "\(source)2\(target).conv.\(parts[3])"
    // time.vision.text+audio.weight: v_alp.conv.weight, the present ones in the order of the alphabet
    case ("time", 4):
      let present = parts[2].split(separator: "+").compactMap { letters[String($0)] }.sorted().joined()
      return letters[parts[1]].map { "\($0)_\(present)p.conv.\(parts[3])" }
    // signal.text.missing: promptl_m
    case ("signal", 3): return letters[parts[1]].map { "prompt\($0)_\(parts[2] == "missing" ? "m" : "nm")" }
    // coupling.text.weight: m_l
    case ("coupling", 3): return letters[parts[1]].map { "m_\($0)" }
    default: return nil
    }
  }
}
