import Torch

/// The form of adapter folders for the methods that Hugging Face's PEFT knows. These folders are adapters of PEFT.
///
/// Such a folder has PEFT's keys in place of `settings`, and PEFT's names of tensors. PEFT loads it onto the model in
/// Python, and Polyphony loads what PEFT has saved there.
extension AdapterFolder {
  /// A method that PEFT knows: its name here and in `peft_type`, and the reader of its settings.
  private struct PEFTForm {
    let name: String
    let type: String
    let settings: (SettingsReader) throws(Fault) -> OrderedJSON
  }

  private static var peftForms: [PEFTForm] {
    [
      PEFTForm(name: "lora", type: "LORA", settings: LoRA.settings(fromPEFT:)),
      PEFTForm(name: "ia3", type: "IA3", settings: IA3.settings(fromPEFT:)),
    ]
  }

  private static let peftPrefix = "base_model.model."
  private static let attachedPrefix = "attachment.0.modules."

  /// True if adapters of the method with a name are adapters of PEFT.
  static func isPEFT(_ method: String) -> Bool { peftForms.contains { $0.name == method } }

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
    guard let form = peftForms.first(where: { $0.name == description.method }),
      let method = installation.method as? any PEFTMethod
    else { return nil }
    var modules: [String] = []
    for (key, _) in installation.tensors where !isAttached(key) {
      let module = key.split(separator: ".").dropLast().joined(separator: ".")
      if !module.isEmpty, !modules.contains(module) { modules.append(module) }
    }
    return [.init("peft_type", .string(form.type)), .init("task_type", nil)] + method.peftKeys + [
      .init("modules_to_save", modules.isEmpty ? nil : .array(modules.map { .string($0) })),
      .init("fan_in_fan_out", false), .init("inference_mode", true),
    ]
  }

  /// Reads method and settings from the keys of PEFT.
  /// - Throws: `Fault(.badData)` for a method of PEFT, or a form of one, that Polyphony lacks.
  static func peftMethod(in tree: SettingsTree, file: String) throws(Fault) -> (name: String, settings: SettingsTree) {
    let (name, settings) = try SettingsReader.readPart(of: tree, kind: .badData) { (reader) throws(Fault) in
      let type = try reader.peft("peft_type", .choice(of: peftForms.map(\.type)))
      let form = peftForms.first { $0.type == type } ?? peftForms[0]
      return (form.name, try form.settings(reader))
    }.value
    return (name, try SettingsTree(yaml: settings.text(), file: file))
  }
}
