import Foundation
import Polyphony
import Testing

@testable import PolyphonySettings

/// The errors that users make when they hand a model on.
extension BadInputTests {
  private static func export(_ format: String, to output: String, _ more: String...) -> [String] {
    ["export", "--model", "MODEL", "--format", format, "--output", output] + more
  }

  static let exports: [Case] = [
    Case(
      name: "unknown format", code: 64, mentions: ["tensorflow", "pytorch"], arguments: export("tensorflow", to: "OUT")),
    Case(
      name: "an export without a model", code: 66, mentions: ["nowhere", "no model"],
      arguments: ["export", "--model", "nowhere", "--format", "onnx", "--output", "OUT/x"]),
    Case(
      name: "an export with an adapter of another base", code: 64, mentions: ["base_sha256", "another base"],
      breaking: { data in
        let other = data.folder + "/other"
        try ModelFolder.write(try MultimodalModel(try ModelFolder.configuration(of: data.model)).backbone, to: other)
        let (installation, description) = try ModelWithAdapter(other).install("lora")
        try AdapterFolder.write(installation, description, to: data.folder + "/adapter")
      }, arguments: export("huggingface", to: "OUT/x", "--adapter", "DATA/adapter")),
    Case(
      name: "an export inside the model", code: 64, mentions: ["MODEL/x", "inside an input"],
      arguments: export("pytorch", to: "MODEL/x")),
    Case(
      name: "an export onto the model", code: 73, mentions: ["input", "MODEL"], arguments: export("onnx", to: "MODEL")),
    Case(
      name: "an export onto other files", code: 73, mentions: ["OUT", "keep.txt", "would be lost"],
      arguments: export("pytorch", to: "OUT")),
    Case(
      name: "a graph onto other files", code: 73, mentions: ["OUT", "keep.txt", "would be lost"],
      arguments: export("onnx", to: "OUT")),
    Case(
      name: "an export onto code of another program", code: 73, mentions: ["modeling_polyphony.py", "would be lost"],
      breaking: { data in
        try "import torch\n".write(
          toFile: "\(data.folder)/../out/modeling_polyphony.py", atomically: true, encoding: .utf8)
      }, arguments: export("huggingface", to: "OUT")),
    Case(
      name: "an export below a file", code: 73, mentions: ["keep.txt", "file of this name"],
      arguments: export("pytorch", to: "OUT/keep.txt/x")),
  ]
}
