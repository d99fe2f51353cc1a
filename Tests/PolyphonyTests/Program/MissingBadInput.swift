import Foundation
import Polyphony
import Torch

extension BadInputTests {
  private static func evaluate(_ missing: String) -> [String] {
    ["evaluate", "--model", "MODEL", "--data", "DATA", "--missing", missing]
  }

  /// Writes an adapter of prompts whose description names a base with this hash.
  private static func writeAdapter(_ data: BrokenData, fingerprint: String) throws {
    let model = try ModelFolder.read(data.model)
    let (method, settings) = try MissingFixtures.method("prompts", "", model.configuration)
    let installation = try Installation(method, on: model)
    try AdapterFolder.write(
      installation,
      AdapterDescription(method: "prompts", settings: settings, base: "elsewhere", fingerprint: fingerprint),
      to: data.folder + "/adapter")
  }

  /// The errors that users make with missing modalities.
  static let missing: [Case] = [
    Case(
      name: "predict on a sample without any modality", code: 65, mentions: ["presence", "row 0", "test.safetensors"],
      breaking: { data in
        try data.edit("test") { $0.tensors["presence"] = .zeros([$0.count, 3], dtype: .uint8) }
      },
      arguments: ["predict", "--model", "MODEL", "--data", "DATA/test.safetensors", "--output", "OUT/out.safetensors"]),
    Case(name: "presence of the wrong shape", code: 65, mentions: ["train.safetensors", "presence", "2]"]) {
      try $0.edit("train") { $0.tensors["presence"] = .ones([$0.count, 2], dtype: .uint8) }
    },
    Case(name: "presence that is neither 0 nor 1", code: 65, mentions: ["presence", "0 or 1"]) {
      try $0.edit("train") { $0.tensors["presence"] = .full([$0.count, 3], 2, dtype: .uint8) }
    },
    Case(
      name: "an adapter on the wrong base", code: 64, mentions: ["base_sha256", "elsewhere", "tuned on"],
      breaking: { try writeAdapter($0, fingerprint: String(repeating: "0", count: 64)) },
      arguments: ["evaluate", "--model", "MODEL", "--adapter", "DATA/adapter", "--data", "DATA"]),
    Case(
      name: "an adapter that lost a tensor", code: 65, mentions: ["adapter_model.safetensors", "no such tensor"],
      breaking: { data in
        try writeAdapter(data, fingerprint: try ModelFolder.fingerprint(data.model))
        let file = data.folder + "/adapter/adapter_model.safetensors"
        let tensors = try SafetensorsFile(path: file).tensors().filter { !$0.key.hasSuffix("generative_prompt") }
        try SafetensorsWriter.write(to: file, tensors.map { .init($0.key, $0.value) })
      }, arguments: ["evaluate", "--model", "MODEL", "--adapter", "DATA/adapter", "--data", "DATA"]),
    Case(
      name: "no adapter at the path", code: 66, mentions: ["nowhere", "adapter_config.json"],
      arguments: ["evaluate", "--model", "MODEL", "--adapter", "p=nowhere", "--data", "DATA"]),
    Case(
      name: "unknown protocol", code: 64, mentions: ["--missing", "sampel:0.5", "sample"],
      arguments: evaluate("sampel:0.5")),
    Case(
      name: "unknown protocol in tuning", code: 64, mentions: ["--missing", "patterns"],
      arguments: [
        "tune", "--model", "MODEL", "--data", "DATA", "--method", "prompts", "--missing", "patterns", "--output", "OUT",
      ]),
    Case(name: "a rate above 1", code: 64, mentions: ["sample:1.5", "0 to 1"], arguments: evaluate("sample:1.5")),
    Case(
      name: "a rate that leaves no modality", code: 64, mentions: ["modality:0.9", "0.666"],
      arguments: evaluate("modality:0.9")),
    Case(
      name: "a pattern without anything", code: 64, mentions: ["nothing would be present"],
      arguments: evaluate("fixed:text+audio+vision")),
    Case(
      name: "a pattern of an unknown modality", code: 64, mentions: ["«sight»", "text, audio, vision"],
      arguments: evaluate("fixed:sight")),
    Case(
      name: "a rate of an unknown modality", code: 64, mentions: ["«speech»", "text, audio, vision"],
      arguments: evaluate("each:text=0.1,speech=0.6")),
    Case(
      name: "a modality's rate above 1", code: 64, mentions: ["each:text=1.5", "0 to 1"],
      arguments: evaluate("each:text=1.5")),
    Case(
      name: "two rates of a modality", code: 64, mentions: ["two rates", "each:text=0.1,text=0.2"],
      arguments: evaluate("each:text=0.1,text=0.2")),
    Case(
      name: "a gap of the whole length", code: 64, mentions: ["segment:1", "below 1"],
      arguments: evaluate("segment:1")),
    Case(
      name: "a negative weight of distillation", code: 64, mentions: ["tuning.distillation", "-1"],
      arguments: [
        "tune", "--model", "MODEL", "--data", "DATA", "--method", "prompts", "--missing", "sample:0.5", "--output",
        "OUT", "--set", "tuning.distillation=-1",
      ]),
    Case(
      name: "a body of another form", code: 64, mentions: ["model.body.from", "late_fusion"],
      arguments: [
        "train", "--data", "DATA", "--output", "OUT", "--set", "model.architecture=mult", "--set", "model.body=MODEL",
      ]),
    Case(
      name: "a body that is not there", code: 66, mentions: ["nowhere", "model.body.from"],
      arguments: ["train", "--data", "DATA", "--output", "OUT", "--set", "model.body=nowhere"]),
    Case(
      name: "redundancy above 1", code: 64, mentions: ["--redundancy", "0 to 1"],
      arguments: ["data", "synthesize", "--redundancy", "1.5", "--output", "OUT"]),
    Case(
      name: "unknown metric of a sweep", code: 64, mentions: ["--metric", "bleu", "mae"],
      arguments: evaluate("sample:0.1,0.2") + ["--metric", "bleu"]),
    Case(
      name: "scores into a file", code: 73, mentions: ["dataset.json/out"],
      arguments: evaluate("sample:0.1") + ["--output", "DATA/dataset.json/out"]),
  ]
}
