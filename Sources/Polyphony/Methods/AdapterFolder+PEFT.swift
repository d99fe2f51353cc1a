import Torch

/// The form of adapter folders for the methods that Hugging Face's PEFT knows. These folders are adapters of PEFT.
///
/// Such a folder has PEFT's keys in place of `settings`, and PEFT's names of tensors. PEFT loads it onto the model in
/// Python, and Polyphony loads what PEFT has saved there.
extension AdapterFolder {
  /// The methods by name.
  private static var peftMethods: [(name: String, type: any PEFTMethod.Type)] {
    [("lora", LoRA.self), ("ia3", IA3.self)]
  }

  private static let peftPrefix = "base_model.model."
  private static let attachedPrefix = "attachment.0.modules."

  /// True if adapters of the method with a name are adapters of PEFT.
  static func isPEFT(_ method: String) -> Bool { peftMethods.contains { $0.name == method } }

  /// The name in an adapter's file of the tensor with a key of ``Installation``.
  static func fileName(of key: String, method: String) -> String {
    guard isPEFT(method) else { return key }
    return peftPrefix + (isAttached(key) ? String(key.dropFirst(attachedPrefix.count)) : key)
  }

  /// True if the file of an adapter may lack the tensor with a key, because PEFT saves only what it was told to train.
  static func isOptional(_ key: String, method: String) -> Bool { isPEFT(method) && !isAttached(key) }

  private static func isAttached(_ key: String) -> Bool { key.hasPrefix(attachedPrefix) }

  /// The keys of PEFT in the description of an adapter.
  static func peftKeys(_ installation: Installation, _ description: AdapterDescription) -> [OrderedJSON.Member]? {
    guard isPEFT(description.method), let method = installation.method as? any PEFTMethod else { return nil }
    var modules: [String] = []
    for (key, _) in installation.tensors where !isAttached(key) {
      let module = key.split(separator: ".").dropLast().joined(separator: ".")
      if !module.isEmpty, !modules.contains(module) { modules.append(module) }
    }
    return [.init("peft_type", .string(type(of: method).peftType)), .init("task_type", nil)] + method.peftKeys + [
      .init("modules_to_save", modules.isEmpty ? nil : .array(modules.map { .string($0) })),
      .init("fan_in_fan_out", false), .init("inference_mode", true),
    ]
  }

  /// Reads method and settings from the keys of PEFT.
  /// - Throws: `Fault(.badData)` for a method of PEFT, or a form of one, that Polyphony lacks.
  static func peftMethod(in tree: SettingsTree, file: String) throws(Fault) -> (name: String, settings: SettingsTree) {
    let (name, settings) = try SettingsReader.readPart(of: tree, kind: .badData) { (reader) throws(Fault) in
      let kind = try reader.peft("peft_type", .choice(of: peftMethods.map(\.type.peftType)))
      let method = peftMethods.first { $0.type.peftType == kind } ?? peftMethods[0]
      return (method.name, try method.type.settings(fromPEFT: reader))
    }.value
    return (name, try SettingsTree(yaml: settings.text(), file: file))
  }
}
