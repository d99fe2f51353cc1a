import Foundation
import Polyphony
import Torch

@testable import PolyphonySupport

extension BadInputTests {
  private static func train(_ more: String...) -> [String] { ["train", "--data", "DATA", "--output", "OUT"] + more }

  /// The errors that users make with commands, options and the values of options.
  static let options: [Case] = [
    Case(
      name: "a misspelt command", code: 64, mentions: ["trian", "did you mean `train`?"],
      arguments: ["trian", "--data", "DATA"]),
    Case(
      name: "a misspelt command of data", code: 64, mentions: ["did you mean `synthesize`?"],
      arguments: ["data", "sythesize"]),
    Case(
      name: "a share above 1 of aligned products", code: 64, mentions: ["--aligned", "1.5", "0 to 1"],
      arguments: ["data", "synthesize", "--aligned", "1.5", "--output", "OUT"]),
    Case(
      name: "aligned products of one modality", code: 64, mentions: ["--modalities", "2 to 64"],
      arguments: ["data", "synthesize", "--aligned", "0.5", "--modalities", "1", "--output", "OUT"]),
    Case(
      name: "aligned products in classes", code: 64, mentions: ["--aligned", "--classes"],
      arguments: ["data", "synthesize", "--aligned", "0.5", "--classes", "2", "--output", "OUT"]),
    Case(
      name: "aligned products of images", code: 64, mentions: ["--aligned", "--kind segmentation"],
      arguments: ["data", "synthesize", "--aligned", "0.5", "--kind", "segmentation", "--output", "OUT"]),
    Case(
      name: "an unknown command", code: 64, mentions: ["the commands are demo, start, data, encoders, train"],
      arguments: ["frobnicate"]),
    Case(
      name: "a starved set of too few samples", code: 64, mentions: ["--samples", "20", "33 or more"],
      arguments: ["data", "synthesize", "--kind", "starved", "--samples", "20", "--output", "OUT"]),
    Case(
      name: "a strategy for classes on a regression", code: 64, mentions: ["balance.arl", "arl for regression"],
      arguments: train("--balance", "arl")),
    Case(
      name: "a dropout of every encoding", code: 64, mentions: ["balance.mrd.rate", "1.0"],
      arguments: train("--balance", "mrd", "--set", "balance.mrd.rate=1")),
    Case(
      name: "epochs as an option", code: 64, mentions: ["--epochs", "--set training.epochs=3"],
      arguments: train("--epochs", "3")),
    Case(
      name: "the learning rate as an option", code: 64, mentions: ["--set training.learning_rate=0.01"],
      arguments: train("--lr=0.01")),
    Case(
      name: "the batch size as an option", code: 64, mentions: ["--set training.batch_size=8"],
      arguments: train("--batch-size", "8")),
    Case(
      name: "the width as an option", code: 64, mentions: ["--set model.width=16"], arguments: train("--width", "16")),
    Case(
      name: "a rate of dropout as an option", code: 64, mentions: ["--set model.dropout.embedding=0"],
      arguments: train("--embedding", "0")),
    Case(
      name: "the learning rate of an adaptation as an option", code: 64,
      mentions: ["--set adaptation.learning_rate=0.01"],
      arguments: [
        "adapt", "--model", "MODEL", "--data", "DATA", "--method", "tent", "--output", "OUT", "--learning-rate", "0.01",
      ]),
    Case(
      name: "an architecture that sounds alike", code: 64,
      mentions: ["model.architecture", "(in `--architecture late_fuzion`)", "did you mean `late_fusion`?"],
      arguments: train("--architecture", "late_fuzion")),
    Case(
      name: "an architecture of other characters", code: 64, mentions: ["[late: fusion", "late_fusion"],
      arguments: train("--architecture", "[late: fusion")),
    Case(
      name: "no architecture", code: 64, mentions: ["model.architecture", "late_fusion"],
      arguments: train("--architecture", "")),
    Case(
      name: "a rate without its rule", code: 64, mentions: ["sample:0.5"],
      arguments: ["evaluate", "--model", "MODEL", "--data", "DATA", "--missing", "0.5"]),
    Case(
      name: "a rate without its rule in tuning", code: 64, mentions: ["sample:.3"],
      arguments: [
        "tune", "--model", "MODEL", "--data", "DATA", "--method", "head", "--output", "OUT", "--missing", ".3",
      ]),
    Case(
      name: "a start without a file", code: 66, mentions: ["none.csv"], arguments: ["start", "none.csv"]),
    Case(
      name: "a start in a folder with something else", code: 73, mentions: ["keep.txt", "--output"],
      arguments: ["start", "DATA", "--output", "OUT"]),
    Case(
      name: "a start that converts a data set", code: 64, mentions: ["--target", "converted already"],
      arguments: ["start", "DATA", "--target", "x", "--output", "OUT/new"]),
    Case(
      name: "a table to predict", code: 65, mentions: ["a.csv", "which columns", "data convert --modality text="],
      breaking: { try Data("text,audio\n1,2\n".utf8).write(to: URL(fileURLWithPath: $0.folder + "/a.csv")) },
      arguments: ["predict", "--model", "MODEL", "--data", "DATA/a.csv", "--output", "OUT/out.safetensors"]),
    Case(
      name: "control characters in an option", code: 66, mentions: [#"no\u{1B}[2Jwhere\u{7}"#],
      arguments: ["train", "--data", "no\u{1B}[2Jwhere\u{7}", "--output", "OUT"]),
    Case(
      name: "control characters in a command", code: 64, mentions: [#"\u{1B}[2J"#], arguments: ["\u{1B}[2J"]),
  ]

  /// Class weights that do not fit the classes.
  static let weights: [Case] = [
    Case(
      name: "class weights of a regression", code: 64, mentions: ["training.class_weights", "regression"],
      arguments: train("--set", "training.class_weights=balanced")),
    Case(
      name: "too few class weights", code: 64, mentions: ["training.class_weights", "in the order low, middle, high"],
      breaking: { data in
        try data.describe {
          $0.replacingOccurrences(
            of: "\"kind\" : \"regression\"",
            with: "\"kind\" : \"classification\", \"classes\" : 3, \"labels\" : [\"low\", \"middle\", \"high\"]")
        }
        for split in ["train", "valid", "test"] {
          try data.edit(split) { $0.tensors["target"] = .full([$0.count], 1, dtype: .int64) }
        }
      }, arguments: train("--set", "training.class_weights=[1, 2]")),
    Case(
      name: "a misspelt word for class weights", code: 64, mentions: ["did you mean `balanced`?"],
      arguments: train("--set", "training.class_weights=balance")),
  ]

  /// A message must be short, whatever the file holds.
  static let longFiles: [Case] = [
    Case(
      name: "a table in place of a recipe", code: 65, mentions: ["a.csv", "…"],
      breaking: { data in
        let table = String(repeating: "0.1,0.2,0.3,0.4\n", count: 6000)
        try Data(table.utf8).write(to: URL(fileURLWithPath: data.folder + "/a.csv"))
      }, arguments: train("--recipe", "DATA/a.csv"))
  ]
}
