import Foundation
import Polyphony

/// The outputs that would replace what is not the program's own, and texts that change a terminal.
extension BadInputTests {
  private static func write(_ files: [String: String]) -> @Sendable (BrokenData) throws -> Void {
    { data in
      for (name, text) in files {
        let path = "\(data.folder)/../out/\(name)"
        try FileManager.default.createDirectory(atPath: path.parentFolder, withIntermediateDirectories: true)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
      }
    }
  }

  private static func train(_ more: String...) -> [String] {
    ["train", "--data", "DATA", "--output", "OUT", "--set", "training.epochs=1"] + more
  }

  private static func predict(_ output: String) -> [String] {
    ["predict", "--model", "MODEL", "--data", "DATA", "--output", output]
  }

  static let outputs: [Case] = [
    Case(name: "predictions onto a folder", code: 73, mentions: ["OUT", "a folder"], arguments: predict("OUT")),
    Case(
      name: "predictions onto the model", code: 73, mentions: ["input", "model.safetensors"],
      arguments: predict("MODEL/model.safetensors")),
    Case(
      name: "predictions onto the data", code: 73, mentions: ["input", "test.safetensors"],
      arguments: predict("DATA/./test.safetensors")),
    Case(
      name: "predictions onto a link to the data", code: 73, mentions: ["input", "x.csv"],
      breaking: { symlink("../data/dataset.json", "\($0.folder)/../out/x.csv") }, arguments: predict("OUT/x.csv")),
    Case(
      name: "predictions through a link to nothing", code: 73, mentions: ["x.csv", "leads nowhere"],
      breaking: { symlink("none", "\($0.folder)/../out/x.csv") }, arguments: predict("OUT/x.csv")),
    Case(
      name: "a report onto the results", code: 73, mentions: ["input", "results.json"],
      breaking: write([
        "results.json":
          #"{"command": "train", "version": "1", "results": [{"name": "a", "seeds": [0], "metrics": {"mae": {"mean": 1, "std": 0, "values": [1]}}}]}"#
      ]), arguments: ["report", "OUT", "--output", "OUT/results.json"]),
    Case(
      name: "a plot onto the model", code: 73, mentions: ["input", "config.json"],
      arguments: [
        "evaluate", "--model", "MODEL", "--data", "DATA", "--shift", "noise:1", "--plot", "MODEL/config.json",
      ]),
    Case(
      name: "a synthetic data set onto other files", code: 73, mentions: ["OUT", "keep.txt", "would be lost"],
      arguments: ["data", "synthesize", "--samples", "60", "--output", "OUT"]),
    Case(
      name: "corrupted data onto other files", code: 73, mentions: ["OUT", "keep.txt", "would be lost"],
      arguments: ["data", "corrupt", "--data", "DATA", "--shift", "noise:3", "--output", "OUT"]),
    Case(
      name: "a run onto a model folder of somebody else", code: 73, mentions: ["OUT/model", "thesis.tex"],
      breaking: write(["model/thesis.tex": "precious"]), arguments: train("--overwrite")),
    Case(
      name: "a run onto a model of another program", code: 73, mentions: ["OUT/model", "config.json"],
      breaking: write(["model/config.json": #"{"model_type": "bert"}"#]), arguments: train("--overwrite")),
    Case(
      name: "a resumed run onto a model folder of somebody else", code: 73, mentions: ["OUT/model", "thesis.tex"],
      breaking: write(["model/thesis.tex": "precious"]), arguments: train("--resume")),
    Case(
      name: "a run onto results of another program", code: 73, mentions: ["results.json", "would be lost"],
      breaking: write(["results.json": "[1, 2]"]), arguments: train("--overwrite")),
    Case(
      name: "a run onto its own recipe", code: 73, mentions: ["recipe.yaml", "would be lost"],
      breaking: write(["recipe.yaml": "training: {epochs: 1}  # mine\n"]),
      arguments: train("--recipe", "OUT/recipe.yaml")),
    Case(
      name: "a run onto metrics of another program", code: 73, mentions: ["metrics.jsonl", "would be lost"],
      breaking: write(["metrics.jsonl": "{\"step\": 1, \"reward\": 3}\n"]), arguments: train()),
    Case(
      name: "a tuning onto its own base", code: 73, mentions: ["input", "OUT/model"],
      breaking: { try AtomicFolder.copy($0.model, to: "\($0.folder)/../out/model", replacing: .model) },
      arguments: [
        "tune", "--model", "OUT/model", "--data", "DATA", "--method", "head", "--output", "OUT", "--overwrite",
      ]),
    Case(
      name: "a run below a file", code: 73, mentions: ["keep.txt/run", "Not a directory"],
      arguments: ["train", "--data", "DATA", "--output", "OUT/keep.txt/run"]),
    Case(
      name: "a split outside of the data set", code: 65, mentions: ["splits.train.file", "out of the folder"],
      breaking: { data in
        try FileManager.default.moveItem(atPath: data.path("train"), toPath: "\(data.folder)/../train.safetensors")
        symlink("../train.safetensors", data.path("train"))
      }, arguments: train()),
    Case(
      name: "a modality that clears the screen", code: 65, mentions: [#"sight\u{1B}[2J\u{202E}"#],
      breaking: { data in
        try data.describe { $0.replacingOccurrences(of: #""vision""#, with: #""sight\u001b[2J\u202e""#) }
      }, arguments: ["adapt", "--model", "MODEL", "--data", "DATA", "--method", "casp", "--output", "OUT"]),
    Case(
      name: "a recipe that sets the title of a terminal", code: 64, mentions: [#"\u{1B}"#],
      breaking: write(["x.yaml": "training:\n  \"epo\\e]0;x\\achs\": 3\n"]), arguments: train("--recipe", "OUT/x.yaml")),
    Case(
      name: "a model that predicts no numbers", code: 70, mentions: ["not finite", "MODEL"],
      breaking: { data in
        let model = try ModelFolder.read(data.model)
        for entry in model.backbone.state() { entry.tensor.fillInPlace(.nan) }
        try ModelFolder.write(model.backbone, to: data.model)
      }, arguments: ["evaluate", "--model", "MODEL", "--data", "DATA"]),
  ]
}
