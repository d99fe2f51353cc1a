import Foundation
import Polyphony
import PolyphonyEncoders
import Testing
import Torch

@Suite struct WeightTests {
  private let tokens = Tensor([5, 6, 7, 8, 9, 1, 2, 3], shape: [2, 4])

  private func expected() throws -> [Float] { try ReferenceEncoder("bert").encoder(tokens: tokens).hidden().floats }

  /// The file has a head, old names of norms, a prefix, a transposed weight and two views of one storage.
  @Test func readsAPickledDictionary() throws {
    let encoder = try PretrainedEncoder(try ReferenceEncoder.folder("pickled"))
    #expect(try encoder(tokens: tokens).hidden().floats == expected())
  }

  @Test func refusesAPickleOfMoreThanWeights() throws {
    let folder = try ReferenceEncoder.folder("hostile")
    let fault = #expect(throws: Fault.self) { try PretrainedEncoder(folder) }
    #expect(fault?.found?.contains("pathlib") == true)
  }

  @Test func readsParts() throws {
    try changed { folder in
      let file = try SafetensorsFile(path: "\(folder)/model.safetensors")
      let items = try file.entries.map { ($0.name, try file.tensor($0.name)) }
      var places: [String] = []
      for (index, part) in [items.prefix(9), items.dropFirst(9)].enumerated() {
        let name = "model-\(index).safetensors"
        try SafetensorsWriter.write(to: "\(folder)/\(name)", part.map { SafetensorsWriter.Item($0.0, $0.1) })
        places += part.map { "\"\($0.0)\": \"\(name)\"" }
      }
      try FileManager.default.removeItem(atPath: "\(folder)/model.safetensors")
      try write("{\"weight_map\": {\(places.joined(separator: ", "))}}", to: "\(folder)/model.safetensors.index.json")
      #expect(try PretrainedEncoder(folder)(tokens: tokens).hidden().floats == expected())
    }
  }

  @Test(arguments: [
    ("{\"weight_map\": {\"a\": \"../b.safetensors\"}}", "a"), ("{\"weight_map\": {\"a\": 3}}", "a"), ("{}", nil),
  ])
  func refusesBrokenListsOfParts(list: String, key: String?) throws {
    try changed { folder in
      try FileManager.default.removeItem(atPath: "\(folder)/model.safetensors")
      try write(list, to: "\(folder)/model.safetensors.index.json")
      let fault = #expect(throws: Fault.self) { try PretrainedEncoder(folder) }
      #expect(fault?.kind == .badData && fault?.key == key)
    }
  }

  @Test func namesMissingSurplusAndMisshapenWeights() throws {
    let query = "encoder.layer.0.attention.self.query.weight"
    #expect(try fault { $0[query] = nil }?.key == query)
    #expect(
      try fault { $0["encoder.layer.2.output.dense.bias"] = .zeros([16]) }?.key == "encoder.layer.2.output.dense.bias")
    let misshapen = try fault { $0[query] = .zeros([16, 8]) }
    #expect(misshapen?.key == query && misshapen?.found == "[16, 8]" && misshapen?.expected == "[16, 16]")
    // A head is ignored, and so are the positions that old files hold.
    #expect(try fault { $0["cls.predictions.bias"] = .zeros([40]) } == nil)
    #expect(try fault { $0["embeddings.position_ids"] = .zeros([1, 20], dtype: .int64) } == nil)
  }

  /// Half types become f32.
  @Test func widensHalfTypes() throws {
    #expect(try fault { weights in weights = weights.mapValues { $0.to(.bfloat16) } } == nil)
  }

  @Test(arguments: [
    ("\"hidden_size\": 16", "\"hidden_size\": 15", "num_attention_heads"),
    ("\"hidden_size\": 16", "\"hidden_size\": \"16\"", "hidden_size"),
    ("\"hidden_size\": 16", "\"hidden_size\": -1", "hidden_size"),
    ("\"hidden_size\": 16,", "", "hidden_size"),
    ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1e9", "num_hidden_layers"),
    ("\"num_attention_heads\": 2", "\"num_attention_heads\": 0", "num_attention_heads"),
    ("\"layer_norm_eps\": 1e-12", "\"layer_norm_eps\": -1", "layer_norm_eps"),
    ("\"hidden_act\": \"gelu\"", "\"hidden_act\": \"cosine\"", "hidden_act"),
    ("\"model_type\": \"bert\"", "\"model_type\": \"gpt9\"", "model_type"),
    ("\"hidden_dropout_prob\": 0.1", "\"hidden_dropout_prob\": 1", "hidden_dropout_prob"),
    ("\"vocab_size\": 40", "\"vocab_size\": null", "vocab_size"),
  ])
  func namesTheKeyOfAWrongNumber(old: String, new: String, key: String) throws {
    try changed { folder in
      let text = try String(contentsOfFile: "\(folder)/config.json", encoding: .utf8)
      #expect(text.contains(old))
      try write(text.replacingOccurrences(of: old, with: new), to: "\(folder)/config.json")
      let fault = #expect(throws: Fault.self) { try PretrainedEncoder(folder) }
      #expect(fault?.key == key && fault?.file?.hasSuffix("config.json") == true)
    }
  }

  @Test func namesWhatIsNotThere() throws {
    #expect(throws: Fault.self) { try PretrainedEncoder("/nowhere") }
    try changed { folder in
      try FileManager.default.removeItem(atPath: "\(folder)/model.safetensors")
      let fault = #expect(throws: Fault.self) { try PretrainedEncoder(folder) }
      #expect(fault?.kind == .missingInput)
    }
  }

  /// Reads BERT with changed weights, and returns the fault.
  private func fault(_ change: (inout [String: Tensor]) -> Void) throws -> Fault? {
    try changed { folder in
      var weights = try SafetensorsFile(path: "\(folder)/model.safetensors").tensors()
      change(&weights)
      let items = weights.sorted { $0.key < $1.key }.map { SafetensorsWriter.Item($0.key, $0.value) }
      try SafetensorsWriter.write(to: "\(folder)/model.safetensors", items)
      do {
        _ = try PretrainedEncoder(folder)
        return nil
      } catch let fault as Fault {
        return fault
      }
    }
  }

  /// Calls `body` with a copy of BERT's folder that it may change.
  private func changed<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = NSTemporaryDirectory() + "polyphony-encoder-\(UUID().uuidString)"
    try FileManager.default.copyItem(atPath: try ReferenceEncoder.folder("bert"), toPath: folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }

  private func write(_ text: String, to path: String) throws {
    try text.write(toFile: path, atomically: true, encoding: .utf8)
  }
}
