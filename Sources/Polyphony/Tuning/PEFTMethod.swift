import Torch

/// A tuning method that Hugging Face's PEFT knows. Its adapter folder is an adapter of PEFT.
///
/// The method's tensors are below one child with the key `modules`. There they have PEFT's names, such as
/// `encoders.0.layers.0.self_attn.q_proj.lora_A.weight`.
protocol PEFTMethod: MergeableTuning {
  /// Reads the method's settings from the keys of PEFT.
  /// - Throws: `Fault(.badData)` for a form of the method that Polyphony lacks.
  static func settings(fromPEFT reader: SettingsReader) throws(Fault) -> OrderedJSON
  /// The method's settings as keys of PEFT.
  var peftKeys: [OrderedJSON.Member] { get }
}

extension SettingsReader {
  /// Reads a key that PEFT has written.
  /// - Throws: `Fault(.badData)` without the key, and the setting's errors.
  func peft<Value>(_ key: String, _ setting: Setting<Value>) throws(Fault) -> Value {
    if let value = try optional(key, setting) { return value }
    throw fault(
      "the adapter's description lacks a key of PEFT", key: key,
      remedy: "tune again, if an earlier version has made the adapter")
  }

  /// Reads the linear modules under a key, which may have their last names or those from the layer on.
  /// - Throws: `Fault(.badData)` for a module that is none of `targets`.
  func peftTargets(_ key: String, among targets: [LoRA.Target]) throws(Fault) -> [LoRA.Target] {
    let names = targets.flatMap { $0.module == $0.lastName ? [$0.module] : [$0.lastName, $0.module] }
    let given = try peft(key, .list(of: .choice(of: names), count: 1...))
    return targets.filter { given.contains($0.module) || given.contains($0.lastName) }
  }

  /// Reads whether modules of the model, which are the head's, are trained as a whole.
  func peftTrainsHead() throws(Fault) -> Bool {
    try optional("modules_to_save", .list(of: .string))?.isEmpty == false
  }

  /// Refuses what is switched on or given, but neither known nor neutral, because it may change predictions.
  /// - Throws: `Fault(.badData)` with the key.
  func refuseOtherFormsOfPEFT(than known: Set<String>) throws(Fault) {
    let neutral: Set = [
      "inference_mode", "auto_mapping", "target_modules", "modules_to_save", "modalities", "parameters",
    ]
    for key in keys where !known.contains(key) && !neutral.contains(key) {
      let isSet =
        switch raw(key)?.content {
        case .list(let elements)?: !elements.isEmpty
        case .map(let members)?: !members.isEmpty
        case .scalar(let scalar)?:
          scalar.bool == true || !scalar.isNull && ["exclude_modules", "layers_to_transform"].contains(key)
        case nil: false
        }
      guard isSet else { continue }
      throw fault(
        "Polyphony has no such adapter of PEFT", key: key, expected: "an adapter of all layers, without this")
    }
  }
}
