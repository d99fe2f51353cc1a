import Foundation
import Polyphony
import Testing
import Torch

/// What users get wrong about missing cells and identifiers.
extension BadInputTests {
  static let cells: [Case] = [
    Case(
      name: "an unknown filling of missing cells", code: 65, mentions: ["dataset.json", "missing_cells", "median"],
      breaking: { data in
        try data.describe {
          $0.replacingOccurrences(
            of: "\"name\" : \"text\"", with: "\"missing_cells\" : \"median\", \"name\" : \"text\"")
        }
      }),
    Case(
      name: "an unknown order of steps", code: 65, mentions: ["dataset.json", "order", "backwards"],
      breaking: { data in
        try data.describe {
          $0.replacingOccurrences(of: "\"name\" : \"text\"", with: "\"order\" : \"backwards\", \"name\" : \"text\"")
        }
      }),
    Case(
      name: "causal attention over steps that are newest first", code: 64, mentions: ["model.causal", "newest first"],
      breaking: { data in
        try data.describe {
          $0.replacingOccurrences(of: "\"name\" : \"text\"", with: "\"order\" : \"newest_first\", \"name\" : \"text\"")
        }
      },
      arguments: [
        "train", "--data", "DATA", "--output", "OUT", "--set", "model.architecture=mult", "--set", "model.causal=true",
      ]),
    Case(
      name: "infinity where cells may be missing", code: 65, mentions: ["text", "inf"],
      breaking: { data in
        try data.describe {
          $0.replacingOccurrences(of: "\"name\" : \"text\"", with: "\"missing_cells\" : \"mean\", \"name\" : \"text\"")
        }
        try data.edit("train") { $0.fill("text", .infinity) }
      }),
    Case(
      name: "missing cells and a model without means", code: 65, mentions: ["missing cells", "normalization"],
      breaking: { data in
        try data.describe {
          $0.replacingOccurrences(of: "\"name\" : \"text\"", with: "\"missing_cells\" : \"mean\", \"name\" : \"text\"")
        }
      }, arguments: ["evaluate", "--model", "MODEL", "--data", "DATA"]),
    Case(
      name: "a modality missing from training", code: 65, mentions: ["modalities.audio", "every training sample"],
      breaking: {
        try $0.edit("train") {
          $0.tensors["presence"] = Tensor([Float(1), 0, 1]).unsqueezed(0).expanded($0.count, 3).contiguous()
        }
      }, arguments: ["data", "validate", "DATA"]),
    Case(
      name: "an id twice in a split", code: 65, mentions: ["train.id", "samples 0 and 1"],
      breaking: { try $0.edit("train") { $0.tensors["id"] = .zeros([$0.count], dtype: .int64) } },
      arguments: ["data", "validate", "DATA"]),
  ]
}
