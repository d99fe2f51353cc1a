import Foundation
import Polyphony
import Torch

@testable import PolyphonySupport

extension BadInputTests {
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
      name: "predict on a file without the modalities", code: 65, mentions: ["text"],
      arguments: ["predict", "--model", "MODEL", "--data", "MODEL/model.safetensors", "--output", "OUT/x"]),
  ]
}
