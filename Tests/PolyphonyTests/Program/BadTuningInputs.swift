import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySettings

/// The errors that users make with tuning methods, adapters and their comparison.
extension BadInputTests {
  private static func tune(_ method: String, _ more: String...) -> [String] {
    ["tune", "--model", "MODEL", "--data", "DATA", "--output", "OUT/tuned", "--method", method] + more
  }

  /// Writes an adapter beside the model, and changes it.
  private static func adapter(_ method: String, _ change: @escaping @Sendable (String, BrokenData) throws -> Void)
    -> @Sendable (BrokenData) throws -> Void
  {
    { data in
      let path = data.folder + "/adapter"
      let (installation, description) = try ModelWithAdapter(data.model).install(
        method, settings: method == "lora" ? try SettingsTree(yaml: "{rank: 2}", file: "test") : .empty)
      try AdapterFolder.write(installation, description, to: path)
      try change(path, data)
    }
  }

  private static func rewrite(_ path: String, _ old: String, _ new: String) throws {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.contains(old), "\(path) has no \(old)")
    try text.replacingOccurrences(of: old, with: new).write(toFile: path, atomically: true, encoding: .utf8)
  }

  /// A case of an adapter whose description has other keys of PEFT.
  private static func form(
    _ name: String, of method: String = "lora", _ old: String, _ new: String, _ mentions: String...
  ) -> Case {
    Case(
      name: name, code: 65, mentions: ["adapter_config.json"] + mentions,
      breaking: adapter(method) { path, _ in try rewrite(path + "/adapter_config.json", old, new) },
      arguments: withAdapter)
  }

  /// Adapters of PEFT in a form that Polyphony lacks.
  static let peft: [Case] = [
    form("another method of PEFT", "\"LORA\"", "\"LOHA\"", "peft_type", "LOHA", "LORA, IA3"),
    form("DoRA", "\"fan_in_fan_out\": false", "\"use_dora\": true", "use_dora"),
    form("ranks by module", "\"fan_in_fan_out\": false", "\"rank_pattern\": {\"fc1\": 4}", "rank_pattern", "fc1"),
    form("LoRA without some layers", "\"fan_in_fan_out\": false", "\"exclude_modules\": \"fc1\"", "exclude_modules"),
    form("transposed weights", "\"fan_in_fan_out\": false", "\"fan_in_fan_out\": true", "fan_in_fan_out"),
    form(
      "starting values that change the base", "\"fan_in_fan_out\": false", "\"init_lora_weights\": \"pissa\"", "pissa"),
    form("trained biases", "\"bias\": \"none\"", "\"bias\": \"all\"", "bias", "none"),
    form("an unknown target module", "\"q_proj\"", "\"query\"", "target_modules.0", "query", "q_proj"),
    form("a rank beyond all memory", "\"r\": 2", "\"r\": 1000000000000", "key:      r", "1 to 4096"),
    form("an adapter of an earlier version", "\"r\": 2", "\"settings\": {}", "key:      r", "tune again"),
    form("(IA)³ of fewer modules", of: "ia3", "\"v_proj\",", "", "target_modules", "k_proj, v_proj, fc2"),
    Case(
      name: "a module of PEFT that is not the head's", code: 65,
      mentions: ["base_model.model.proj.0.bias", "no place"],
      breaking: adapter("lora") { path, _ in
        let file = path + "/adapter_model.safetensors"
        let tensors = try SafetensorsFile(path: file).tensors().map { SafetensorsWriter.Item($0.key, $0.value) }
        try SafetensorsWriter.write(to: file, tensors + [.init("base_model.model.proj.0.bias", .ones([8]))])
      }, arguments: withAdapter),
  ]

  private static let withAdapter = ["evaluate", "--model", "MODEL", "--adapter", "DATA/adapter", "--data", "DATA"]

  static let tuning: [Case] = [
    Case(
      name: "unknown tuning method", code: 64, mentions: ["--method", "wonder", "wander"], arguments: tune("wonder")),
    Case(
      name: "rank 0 of LoRA", code: 64, mentions: ["tuning.rank", "0"],
      arguments: tune("lora", "--set", "tuning.rank=0")),
    Case(
      name: "a rank of LoRA beyond all memory", code: 64, mentions: ["tuning.rank", "1 to 4096"],
      arguments: tune("lora", "--set", "tuning.rank=1000000000000")),
    Case(
      name: "feature rank 0 of Wander", code: 64, mentions: ["tuning.feature_rank", "0"],
      arguments: tune("wander", "--set", "tuning.feature_rank=0")),
    Case(
      name: "token rank 0 of Wander", code: 64, mentions: ["tuning.token_rank", "0"],
      arguments: tune("wander", "--set", "tuning.token_rank=0")),
    Case(
      name: "unknown placement", code: 64, mentions: ["tuning.placement", "last", "every"],
      arguments: tune("wander", "--set", "tuning.placement=first")),
    Case(
      name: "a setting of another method", code: 64, mentions: ["tuning.rank", "feature_rank"],
      arguments: tune("wander", "--set", "tuning.rank=4")),
    Case(
      name: "merging what cannot be merged", code: 64, mentions: ["wander", "cannot be merged"],
      arguments: tune("wander", "--merge", "--set", "training.epochs=1")),
    Case(
      name: "an adapter whose settings ask for more than its weights hold", code: 65,
      mentions: ["adapter_model.safetensors", "lora_A", "4000"],
      breaking: adapter("lora") { path, _ in
        try rewrite(path + "/adapter_config.json", "\"r\": 2", "\"r\": 4000")
      }, arguments: withAdapter),
    Case(
      name: "an adapter of another base", code: 64, mentions: ["base_sha256", "another base"],
      breaking: adapter("lora") { path, _ in
        try rewrite(path + "/adapter_config.json", "\"base_sha256\": \"", "\"base_sha256\": \"0")
      }, arguments: withAdapter),
    Case(
      name: "an adapter for other modalities", code: 64, mentions: ["modalities", "sound"],
      breaking: adapter("lora") { path, _ in
        try rewrite(path + "/adapter_config.json", "\"audio\"", "\"sound\"")
      }, arguments: withAdapter),
    Case(
      name: "an adapter of other shapes", code: 65, mentions: ["adapter_model.safetensors", "lora_A"],
      breaking: adapter("lora") { path, _ in
        try rewrite(path + "/adapter_config.json", "\"r\": 2", "\"r\": 3")
      }, arguments: withAdapter),
    Case(
      name: "an adapter of an unknown method", code: 64, mentions: ["lara", "lora"],
      breaking: adapter("lora") { path, _ in
        try rewrite(path + "/adapter_config.json", "\"lora\"", "\"lara\"")
      }, arguments: withAdapter),
    Case(
      name: "a truncated adapter", code: 65, mentions: ["adapter_model.safetensors"],
      breaking: adapter("lora") { path, _ in
        let file = path + "/adapter_model.safetensors"
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        try bytes.prefix(bytes.count - 8).write(to: URL(fileURLWithPath: file))
      }, arguments: withAdapter),
    Case(
      name: "no adapter", code: 66, mentions: ["adapter"], arguments: withAdapter),
    Case(
      name: "transfer between classes of a regression", code: 64, mentions: ["task.classes", "regression"],
      arguments: ["transfer", "--task", "classes", "--data", "DATA", "--output", "OUT/transfer"]),
    Case(
      name: "transfer by an unknown method", code: 64, mentions: ["wonder", "wander"],
      arguments: [
        "transfer", "--task", "halves", "--data", "DATA", "--output", "OUT/transfer", "--method", "wonder{steps: 1}",
      ]),
    Case(
      name: "transfer without data", code: 64, mentions: ["--data"],
      arguments: ["transfer", "--task", "halves", "--output", "OUT/transfer"]),
    Case(
      name: "transfer of no samples", code: 64, mentions: ["--samples", "0"],
      arguments: ["transfer", "--task", "corpus", "--samples", "0", "--output", "OUT/transfer"]),
    Case(
      name: "scaling over no modalities", code: 64, mentions: ["--modalities", "2,x"],
      arguments: ["scaling", "--modalities", "2,x", "--output", "OUT/scaling"]),
  ]
}
