import Foundation
import Polyphony
import Torch

extension BadInputTests {
  private static func predict(_ more: String...) -> [String] { ["predict", "--model", "MODEL"] + more }

  /// The arguments of a sample with all three modalities. The text comes from a file that the test writes.
  private static func sample(_ text: String) -> [String] {
    predict("--input", "text=\(text)", "--input", "audio=\(text)", "--input", "vision=\(text)")
  }

  private static func clip(_ content: String) -> @Sendable (BrokenData) throws -> Void {
    { try Data(content.utf8).write(to: URL(fileURLWithPath: $0.folder + "/clip.csv")) }
  }

  /// The errors that users make with predictions.
  static let predictions: [Case] = [
    Case(
      name: "predictions in an unknown form", code: 64,
      mentions: ["--output", ".cvs", ".csv", ".jsonl", ".safetensors"],
      arguments: predict("--data", "DATA", "--output", "OUT/x.cvs")),
    Case(
      name: "predictions of nothing", code: 64, mentions: ["--data", "--input"], arguments: predict()),
    Case(
      name: "predictions of a data set and a sample", code: 64, mentions: ["--data", "--input"],
      arguments: predict("--data", "DATA", "--input", "text=1", "--output", "OUT/x.csv")),
    Case(
      name: "predictions to nowhere", code: 64, mentions: ["--output"], arguments: predict("--data", "DATA")),
    Case(
      name: "a table in a missing folder", code: 73, mentions: ["nowhere"],
      arguments: predict("--data", "DATA", "--output", "nowhere/x.csv")),
    Case(
      name: "a file without a modality that the model needs", code: 65,
      mentions: ["test.safetensors", "audio", "--adapter", "--missing"],
      breaking: { data in
        try data.edit("test") { split in
          split.tensors["audio"] = nil
          split.tensors["audio.length"] = nil
        }
      }, arguments: predict("--data", "DATA/test.safetensors", "--output", "OUT/x.csv")),
    Case(
      name: "ids without a text", code: 65, mentions: ["ids.json", "0 to 0"],
      breaking: { try Data("[\"a\"]".utf8).write(to: URL(fileURLWithPath: $0.folder + "/ids.json")) },
      arguments: predict("--data", "DATA", "--output", "OUT/x.csv")),
    Case(
      name: "ids that are no list", code: 65, mentions: ["ids.json"],
      breaking: { try Data("{}".utf8).write(to: URL(fileURLWithPath: $0.folder + "/ids.json")) },
      arguments: predict("--data", "DATA", "--output", "OUT/x.csv")),
    Case(
      name: "an input without a value", code: 64, mentions: ["--input", "NAME=VALUE"],
      arguments: predict("--input", "text")),
    Case(
      name: "an input of an unknown modality", code: 64, mentions: ["txt", "text, audio, vision", "did you mean"],
      arguments: predict("--input", "txt=1")),
    Case(
      name: "an input given twice", code: 64, mentions: ["--input", "audio", "twice"],
      arguments: predict("--input", "audio=a.csv", "--input", "audio=b.csv")),
    Case(
      name: "an input without a modality that the model needs", code: 64, mentions: ["--input", "audio", "--adapter"],
      arguments: predict("--input", "text=1")),
    Case(
      name: "numbers for a sequence", code: 64, mentions: ["--input text", "1,2", "a row per step"],
      arguments: sample("1,2")),
    Case(name: "a clip that is absent", code: 66, mentions: ["none.csv"], arguments: sample("none.csv")),
    Case(
      name: "a clip with a word in it", code: 65, mentions: ["clip.csv", "line 2, column 2", "«x»"],
      breaking: clip("1,2\n3,x\n"), arguments: sample("DATA/clip.csv")),
    Case(
      name: "a clip with rows of different lengths", code: 65, mentions: ["clip.csv", "line 2"],
      breaking: clip("1,2\n3\n"), arguments: sample("DATA/clip.csv")),
    Case(
      name: "a clip with another number of features", code: 65, mentions: ["clip.csv", "[2, 2]", "1 to 12 rows of 32"],
      breaking: clip("1,2\n3,4\n"), arguments: sample("DATA/clip.csv")),
    Case(
      name: "an empty clip", code: 65, mentions: ["clip.csv", "no rows"], breaking: clip("\n"),
      arguments: sample("DATA/clip.csv")),
    Case(
      name: "a model as a clip", code: 65, mentions: ["model.safetensors", "a tensor text"],
      arguments: sample("MODEL/model.safetensors")),
  ]
}
