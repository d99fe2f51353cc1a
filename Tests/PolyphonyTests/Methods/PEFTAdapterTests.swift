import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySettings
@testable import PolyphonySupport

/// The folders of LoRA and (IA)³ are adapters of PEFT. `python/tests/test_peft.py` loads them with PEFT itself.
@Suite struct PEFTAdapterTests {
  /// Writes a base from golden weights, and a trained adapter beside it.
  private func prepare(_ tuning: TuningCase, in folder: String) throws -> (base: String, adapter: String) {
    let golden = try Golden("late_fusion")
    let (base, adapter) = (folder + "/base", folder + "/adapter")
    try ModelFolder.write(golden.model().backbone, to: base)
    let (installation, description) = try ModelWithAdapter(base).install(tuning.method, settings: try tuning.tree)
    try train(installation.model, golden, steps: 2)
    try AdapterFolder.write(installation, description, to: adapter)
    return (base, adapter)
  }

  private func keys(_ adapter: String) throws -> OrderedJSON {
    try OrderedJSON(parsing: try String(contentsOfFile: adapter + "/adapter_config.json", encoding: .utf8))
  }

  @Test func theFilesHaveKeysAndNamesOfPEFT() throws {
    try withTemporaryFolder { folder in
      let lora = try prepare(TuningCase("lora", "rank: 3, alpha: 5, targets: [q, fc1]"), in: folder).adapter
      let keys = try keys(lora)
      #expect(keys["peft_type"] == "LORA" && keys["r"] == 3 && keys["lora_alpha"] == 5.0)
      #expect(keys["target_modules"] == ["q_proj", "fc1"] && keys["use_rslora"] == false && keys["bias"] == "none")
      #expect(
        keys["modules_to_save"] == ["out_layer_proj0", "out_layer_proj1", "out_layer_proj2", "out_layer"])
      let file = try SafetensorsFile(path: lora + "/adapter_model.safetensors")
      let layer = "base_model.model.encoders.0.layers.0"
      #expect(file["\(layer).self_attn.q_proj.lora_A.weight"]?.shape[0] == 3)
      #expect(file["\(layer).fc1.lora_B.weight"]?.shape[1] == 3)
      #expect(file["base_model.model.out_layer.weight"] != nil)
      #expect(file.entries.allSatisfy { $0.name.hasPrefix("base_model.model.") })
    }
    try withTemporaryFolder { folder in
      let scales = try prepare(TuningCase("ia3", "train_head: false"), in: folder).adapter
      let keys = try keys(scales)
      #expect(keys["peft_type"] == "IA3" && keys["modules_to_save"] == .some(.null))
      #expect(keys["target_modules"] == ["k_proj", "v_proj", "fc2"] && keys["feedforward_modules"] == ["fc2"])
      let file = try SafetensorsFile(path: scales + "/adapter_model.safetensors")
      let layer = "base_model.model.encoders.0.layers.0"
      #expect(file["\(layer).self_attn.k_proj.ia3_l"]?.shape.last == 1)
      #expect(file["\(layer).fc2.ia3_l"]?.shape.first == 1)
    }
  }

  @Test func othersAreNoAdaptersOfPEFT() throws {
    try withTemporaryFolder { folder in
      let keys = try keys(try prepare(TuningCase("bitfit"), in: folder).adapter)
      #expect(keys["peft_type"] == nil && keys["method"] == "bitfit" && keys["settings"] != nil)
    }
  }

  @Test(arguments: [
    TuningCase("lora", "rank: 3, alpha: 5.5, targets: [k, out, fc2], rank_stabilized: true, train_head: true"),
    TuningCase("lora", "rank: 2, train_head: false"), TuningCase("ia3"), TuningCase("ia3", "train_head: false"),
  ]) func theKeysOfPEFTAreTheSettings(tuning: TuningCase) throws {
    try withTemporaryFolder { folder in
      let adapter = try prepare(tuning, in: folder).adapter
      let configuration = try Golden("late_fusion").model().configuration
      let maker = try TuningMethods.maker(tuning.method)
      let resolved = try SettingsReader.read(try tuning.tree) { (reader) throws(Fault) in
        try maker(reader, configuration)
      }.resolved
      #expect(try AdapterFolder.description(of: adapter).settings.canonical == resolved.canonical)
    }
  }

  /// PEFT keeps none of the keys of Polyphony, and saves those modules of the head that it was told to train.
  @Test(arguments: [TuningCase("lora", "rank: 3, targets: [q, v, fc2]"), TuningCase("ia3")])
  func whatPEFTSavesIsRead(tuning: TuningCase) throws {
    let golden = try Golden("late_fusion")
    try withTemporaryFolder { folder in
      let (base, adapter) = try prepare(tuning, in: folder)
      guard case .object(let members) = try keys(adapter) else { return #expect(Bool(false)) }
      let own = ["method", "base_sha256", "architecture", "modalities", "parameters", "version"]
      #expect(own.allSatisfy { key in members.contains { $0.key == key } })
      let rest = OrderedJSON.object(
        members.filter { !(own + ["base_model_name_or_path"]).contains($0.key) } + [
          .init("base_model_name_or_path", nil), .init("use_dora", false), .init("rank_pattern", [:]),
          .init("layers_to_transform", nil), .init("megatron_core", "megatron.core"), .init("qalora_group_size", 16),
          .init("auto_mapping", ["base_model_class": "LateFusion"]), .init("peft_version", "0.21.2"),
        ])
      try rest.text().write(toFile: adapter + "/adapter_config.json", atomically: true, encoding: .utf8)
      let description = try AdapterFolder.description(of: adapter)
      #expect(description.method == tuning.method && description.fingerprint == nil && description.base == "")
      let whole = try ModelWithAdapter(base, adapter: adapter).model(try golden.inputs).prediction.floats

      let file = adapter + "/adapter_model.safetensors"
      let head = "base_model.model.out_layer"
      let tensors = try SafetensorsFile(path: file).tensors().filter { !$0.key.hasPrefix(head) }
      try SafetensorsWriter.write(to: file, tensors.map { .init($0.key, $0.value) })
      let carried = try ModelWithAdapter(base, adapter: adapter)
      let part = carried.model(try golden.inputs).prediction.floats
      #expect(part != whole, "the head is the base's")
      for (key, storage) in try ModelFolder.read(base).backbone.storage() where key.hasPrefix("out_layer") {
        let loaded = carried.model.backbone.storage().first { $0.key == key }?.storage.tensor
        #expect(loaded?.floats == storage.tensor?.floats, "\(key)")
      }
    }
  }

  @Test func anAdapterCanStandOnOneOfPEFT() throws {
    let golden = try Golden("late_fusion")
    try withTemporaryFolder { folder in
      let (base, lower) = try prepare(TuningCase("lora", "rank: 2"), in: folder)
      let text = try String(contentsOfFile: lower + "/adapter_config.json", encoding: .utf8)
      let lines = text.split(separator: "\n").filter { !$0.contains("\"method\"") && !$0.contains("base_sha256") }
      try lines.joined(separator: "\n").write(
        toFile: lower + "/adapter_config.json", atomically: true, encoding: .utf8)
      let (installation, description) = try ModelWithAdapter(base, adapter: lower).install("ia3")
      try train(installation.model, golden, steps: 2)
      installation.model.train(false)
      let expected = installation.model(try golden.inputs).prediction.floats
      try AdapterFolder.write(installation, description, to: folder + "/upper")
      let again = try ModelWithAdapter(base, adapter: folder + "/upper").model
      #expect(again(try golden.inputs).prediction.floats == expected)
    }
  }
}
