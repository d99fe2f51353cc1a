import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

extension BadInputTests {
  /// A model whose configuration was changed.
  private static func configured(
    _ name: String, code: Int32 = 64, _ mentions: String..., replacing old: String, with new: String
  ) -> Case {
    Case(
      name: name, code: code, mentions: ["config.json"] + mentions,
      breaking: { data in
        let path = data.model + "/config.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let changed = text.replacingOccurrences(of: old, with: new)
        try #require(changed != text, "the edit changed nothing")
        try changed.write(toFile: path, atomically: true, encoding: .utf8)
      }, arguments: ["evaluate", "--model", "MODEL", "--data", "DATA"])
  }

  /// Configurations that ask for huge models, or make no sense.
  static let configurations: [Case] = [
    configured(
      "more layers than weights", code: 65, "model.layers", "1000", "tensors of", replacing: "\"layers\" : 1",
      with: "\"layers\" : 1000"),
    configured(
      "a width beyond all bounds", "model.width", "1 to 4096", replacing: "\"width\" : 8",
      with: "\"width\" : 4611686018427387904"),
    configured(
      "features beyond all bounds", "modalities.text", "1 to 16777216", replacing: "\"features\" : 32",
      with: "\"features\" : 200000000"),
    configured(
      "classes beyond all bounds", "model.task.classes", "2 to 1048576", replacing: "\"kind\" : \"regression\"",
      with: "\"kind\" : \"classification\", \"classes\" : 200000000"),
    configured(
      "a range of one number", "model.task.range", "smallest, largest", replacing: "\"range\" : [",
      with: "\"range\" : [3,"),
    configured(
      "means of the wrong length", "model.normalization.text", "2 numbers", "32", replacing: "\"width\" : 8",
      with: "\"width\" : 8, \"normalization\" : {\"text\" : {\"mean\" : [0, 0], \"std\" : [1, 1]}}"),
    configured(
      "a deviation of zero", "model.normalization.audio.std", "above 0", replacing: "\"width\" : 8",
      with: "\"width\" : 8, \"normalization\" : {\"audio\" : {\"mean\" : [\(zeros(16))], \"std\" : [\(zeros(16))]}}"),
    Case(
      name: "a huge width over small weights", code: 65, mentions: ["model.safetensors", "shape", "4096"],
      breaking: { data in
        let path = data.model + "/config.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.replacingOccurrences(of: "\"width\" : 8", with: "\"width\" : 4096").write(
          toFile: path, atomically: true, encoding: .utf8)
      }, arguments: ["evaluate", "--model", "MODEL", "--data", "DATA"]),
  ]

  private static func zeros(_ count: Int) -> String { Array(repeating: "0", count: count).joined(separator: ", ") }

  /// The errors that users make with the folders of models.
  static let models: [Case] = [
    Case(
      name: "missing model", code: 66, mentions: ["nowhere"],
      arguments: ["evaluate", "--model", "nowhere", "--data", "DATA"]),
    Case(
      name: "an adapter in place of a model", code: 64,
      mentions: ["an adapter, not a model", "--adapter DATA/adapter"],
      breaking: { data in
        try AtomicFolder.write(to: data.folder + "/adapter", replacing: .adapter) { (folder) throws(Fault) in
          try AtomicFile.write("{}", to: "\(folder)/adapter_config.json")
        }
      }, arguments: ["evaluate", "--model", "DATA/adapter", "--data", "DATA"]),
    Case(
      name: "a model in place of an adapter", code: 64, mentions: ["a model, not an adapter", "--model MODEL"],
      arguments: ["predict", "--model", "MODEL", "--adapter", "MODEL", "--data", "DATA", "--output", "OUT/out"]),
    Case(
      name: "the folder of a sweep in place of a model", code: 66, mentions: ["joint/model", "--model"],
      breaking: { data in
        try FileManager.default.createDirectory(
          atPath: data.folder + "/runs/joint", withIntermediateDirectories: true)
        try AtomicFolder.copy(data.model, to: data.folder + "/runs/joint/model", replacing: .model)
      }, arguments: ["evaluate", "--model", "DATA/runs", "--data", "DATA"]),
    Case(
      name: "model and data that do not fit", code: 65, mentions: ["text", "16"],
      breaking: { data in
        try data.describe { $0.replacingOccurrences(of: "\"features\" : 32", with: "\"features\" : 16") }
      }, arguments: ["evaluate", "--model", "MODEL", "--data", "DATA"]),
    Case(
      name: "a modality that the data lacks", code: 65, mentions: ["vision"],
      breaking: { data in
        try data.describe { $0.replacingOccurrences(of: "\"vision\"", with: "\"sight\"") }
      }, arguments: ["evaluate", "--model", "MODEL", "--data", "DATA"]),
    Case(
      name: "weights that do not fit the configuration", code: 65, mentions: ["model.safetensors", "shape"],
      breaking: { data in
        let path = data.model + "/config.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.replacingOccurrences(of: "\"width\" : 8", with: "\"width\" : 12").write(
          toFile: path, atomically: true, encoding: .utf8)
      }, arguments: ["evaluate", "--model", "MODEL", "--data", "DATA"]),
    Case(
      name: "an ONNX graph with a modality that has an output's name", code: 64,
      mentions: ["prediction", "rename the modality"],
      breaking: { data in
        let path = data.model + "/config.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.replacingOccurrences(of: "\"vision\"", with: "\"prediction\"").write(
          toFile: path, atomically: true, encoding: .utf8)
      }, arguments: ["export", "--model", "MODEL", "--format", "onnx", "--output", "OUT/graph"]),
    Case(
      name: "predict on a file without the modalities", code: 65, mentions: ["text"],
      arguments: ["predict", "--model", "MODEL", "--data", "MODEL/model.safetensors", "--output", "OUT/x"]),
  ]
}
