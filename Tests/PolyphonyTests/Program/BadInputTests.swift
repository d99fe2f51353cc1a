import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// Runs the real program on every error that users make. It must exit with a code and one message that names the cause,
/// and leave earlier files intact.
@Suite struct BadInputTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let code: Int32
    /// The texts that the message must contain.
    let mentions: [String]
    /// Breaks a data set before the run. In the arguments, DATA, MODEL and OUT stand for paths.
    var breaking: @Sendable (BrokenData) throws -> Void = { _ in }
    var arguments = ["train", "--data", "DATA", "--output", "OUT", "--set", "training.epochs=1"]
    var environment: [String: String] = [:]

    var testDescription: String { name }
  }

  static let cases: [Case] =
    files + values + cells + recipes + places + models + adaptations + missing + tuning + peft + pipelines + library
    + reports + predictions + options + longFiles + weights + configurations + checkpoints + outputs + severalOutputs
    + exports + services + volumes + launches

  private static func adapt(_ more: String...) -> [String] {
    ["adapt", "--model", "MODEL", "--data", "DATA", "--method", "casp", "--output", "OUT"] + more
  }

  static let adaptations: [Case] = [
    Case(
      name: "unknown adaptation method", code: 64, mentions: ["tnet", "tent"],
      arguments: ["adapt", "--model", "MODEL", "--data", "DATA", "--method", "tnet", "--output", "OUT"]),
    Case(
      name: "unknown key of an adaptation", code: 64, mentions: ["adaptation.contrast_epoch", "contrast_epochs"],
      arguments: adapt("--set", "adaptation.contrast_epoch=4")),
    Case(
      name: "a share above all", code: 64, mentions: ["adaptation.share", "0"],
      arguments: adapt("--set", "adaptation.share=2")),
    Case(
      name: "epochs for one snapshot", code: 64, mentions: ["adaptation.snapshot_interval", "two snapshots"],
      arguments: adapt("--set", "adaptation.contrast_epochs=2")),
    Case(
      name: "episodes without a stream", code: 64, mentions: ["adaptation.episodic", "online"],
      arguments: [
        "adapt", "--model", "MODEL", "--data", "DATA", "--method", "tent", "--output", "OUT", "--set",
        "adaptation.episodic=true",
      ]),
    Case(
      name: "a target with NaN", code: 65, mentions: ["text", "nan"],
      breaking: { try $0.edit("train") { $0.fill("text", .nan) } }, arguments: adapt()),
    Case(
      name: "a target without a modality of the model", code: 65, mentions: ["vision", "sight"],
      breaking: { data in
        try data.describe { $0.replacingOccurrences(of: "\"vision\"", with: "\"sight\"") }
      }, arguments: adapt()),
    Case(
      name: "a stream scored elsewhere", code: 64, mentions: ["--online", "--test"],
      arguments: adapt("--online", "--test", "valid")),
    Case(
      name: "unknown shift", code: 64, mentions: ["nose", "noise"],
      arguments: ["evaluate", "--model", "MODEL", "--data", "DATA", "--shift", "nose:3"]),
    Case(
      name: "unknown shift of all modalities", code: 64, mentions: ["both:nose:3", "noise"],
      arguments: ["evaluate", "--model", "MODEL", "--data", "DATA", "--shift", "both:nose:3"]),
    Case(
      name: "all modalities at once and a choice of them", code: 64, mentions: ["--modality", "both:noise:3"],
      arguments: [
        "data", "corrupt", "--data", "DATA", "--shift", "both:noise:3", "--modality", "text", "--output", "OUT",
      ]),
    Case(
      name: "severity out of range", code: 64, mentions: ["noise:6", "0 to 5"],
      arguments: ["data", "corrupt", "--data", "DATA", "--shift", "noise:6", "--output", "OUT"]),
    Case(
      name: "corruption of an unknown modality", code: 64, mentions: ["--modality", "txt", "text"],
      arguments: ["data", "corrupt", "--data", "DATA", "--shift", "noise:3", "--modality", "txt", "--output", "OUT"]),
    Case(
      name: "corruption onto itself", code: 64, mentions: ["--output"],
      arguments: ["data", "corrupt", "--data", "DATA", "--shift", "noise:3", "--output", "DATA"]),
    Case(
      name: "a plot of nothing", code: 64, mentions: ["--plot", "--shift"],
      arguments: ["evaluate", "--model", "MODEL", "--data", "DATA", "--plot", "OUT"]),
  ]

  static let files: [Case] = [
    Case(name: "truncated file", code: 65, mentions: ["train.safetensors", "end of the file"]) {
      try $0.truncate("train")
    },
    Case(name: "empty file", code: 65, mentions: ["train.safetensors", "too short"]) { try $0.write("train", Data()) },
    Case(name: "header longer than the file", code: 65, mentions: ["train.safetensors", "header"]) {
      try $0.patch("train") { $0.replaceSubrange(0..<8, with: withUnsafeBytes(of: UInt64(1) << 40) { Data($0) }) }
    },
    Case(name: "header that is no JSON", code: 65, mentions: ["train.safetensors"]) {
      try $0.patch("train") { $0[9] = 0x7b }
    },
    Case(name: "overlapping tensors", code: 65, mentions: ["train.safetensors"]) {
      try $0.header("train", replacing: "\"data_offsets\": [0,", with: "\"data_offsets\": [8,")
    },
    Case(name: "unknown dtype", code: 65, mentions: ["train.safetensors", "F32"]) {
      try $0.header("train", replacing: "\"F32\"", with: "\"F99\"")
    },
    Case(name: "wrong hash", code: 65, mentions: ["train.safetensors", "sha256", "restore the file"]) {
      try $0.patch("train", keepHash: true) { $0[$0.count - 1] ^= 1 }
    },
    Case(name: "missing split file", code: 66, mentions: ["valid.safetensors"]) { try $0.remove("valid.safetensors") },
    Case(name: "missing dataset.json", code: 66, mentions: ["dataset.json"]) { try $0.remove("dataset.json") },
    Case(name: "dataset.json that is no JSON", code: 65, mentions: ["dataset.json"]) {
      try Data("{ \"name\": ".utf8).write(to: URL(fileURLWithPath: $0.folder + "/dataset.json"))
    },
    Case(name: "dataset.json without task", code: 65, mentions: ["dataset.json", "task"]) {
      try $0.describe { $0.replacingOccurrences(of: "\"task\"", with: "\"tusk\"") }
    },
  ]

  static let values: [Case] = [
    Case(name: "wrong number of features", code: 65, mentions: ["train.safetensors", "text", "33"]) {
      try $0.describe { $0.replacingOccurrences(of: "\"features\" : 32", with: "\"features\" : 33") }
    },
    Case(name: "NaN", code: 65, mentions: ["text", "nan", "missing_cells"]) {
      try $0.edit("train") { $0.fill("text", .nan) }
    },
    Case(name: "infinity", code: 65, mentions: ["audio", "inf"]) {
      try $0.edit("valid") { $0.fill("audio", .infinity) }
    },
    Case(name: "target out of range", code: 65, mentions: ["target", "-3.0 to 3.0"]) {
      try $0.edit("train") { $0.fill("target", 7) }
    },
    Case(name: "class out of range", code: 65, mentions: ["target", "0.0 to 2.0"]) { data in
      try data.describe {
        $0.replacingOccurrences(of: "\"kind\" : \"regression\"", with: "\"kind\" : \"classification\", \"classes\" : 3")
      }
      for split in ["train", "valid", "test"] {
        try data.edit(split) { $0.tensors["target"] = .full([$0.count], 3, dtype: .int64) }
      }
    },
    Case(name: "target of the wrong shape", code: 65, mentions: ["target", "[N] or [N, 1]"]) {
      try $0.edit("train") { $0.tensors["target"] = .zeros([$0.count, 2]) }
    },
    Case(name: "no target", code: 65, mentions: ["target"]) { try $0.edit("train") { $0.tensors["target"] = nil } },
    Case(name: "length out of range", code: 65, mentions: ["text.length", "99", "1 to 12"]) {
      try $0.edit("train") { $0.tensors["text.length"] = .full([$0.count], 99, dtype: .int64) }
    },
    Case(name: "empty split", code: 65, mentions: ["valid.safetensors", "empty"]) {
      try $0.edit("valid") { split in
        for (name, tensor) in split.tensors { split.tensors[name] = tensor[0..<0] }
      }
    },
    Case(name: "a sample without any modality", code: 65, mentions: ["presence", "row 0"]) {
      try $0.edit("train") { $0.tensors["presence"] = .zeros([$0.count, 3], dtype: .uint8) }
    },
    Case(name: "a modality missing from every sample", code: 65, mentions: ["presence", "audio"]) {
      try $0.edit("train") {
        $0.tensors["presence"] = Tensor([UInt8(1), 0, 1]).unsqueezed(0).expanded($0.count, 3).contiguous()
      }
    },
    Case(name: "presence that is neither 0 nor 1", code: 65, mentions: ["presence", "0.5 in sample 0", "0 or 1"]) {
      try $0.edit("train") { $0.tensors["presence"] = .full([$0.count, 3], 0.5) }
    },
    Case(name: "an id in two splits", code: 65, mentions: ["id", "train and test"]) {
      try $0.edit("test") { $0.tensors["id"] = .zeros([$0.count], dtype: .int64) }
    },
    Case(name: "a tensor that nobody described", code: 65, mentions: ["smell"]) {
      try $0.edit("train") { $0.tensors["smell"] = .zeros([3]) }
    },
  ]

  static let recipes: [Case] = [
    Case(
      name: "unknown recipe key", code: 64, mentions: ["training.epoch", "epochs"],
      arguments: ["train", "--data", "DATA", "--output", "OUT", "--set", "training.epoch=4"]),
    Case(
      name: "wrong type", code: 64, mentions: ["training.epochs", "many"],
      arguments: ["train", "--data", "DATA", "--output", "OUT", "--set", "training.epochs=many"]),
    Case(
      name: "heads that do not divide the width", code: 64, mentions: ["model.heads", "7", "40"],
      arguments: ["train", "--data", "DATA", "--output", "OUT", "--set", "model.heads=7"]),
    Case(
      name: "unknown architecture", code: 64, mentions: ["late_fuzion", "late_fusion"],
      arguments: ["train", "--data", "DATA", "--output", "OUT", "--architecture", "late_fuzion"]),
    Case(
      name: "unknown strategy", code: 64, mentions: ["jiont", "joint"],
      arguments: ["train", "--data", "DATA", "--output", "OUT", "--balance", "jiont"]),
    Case(
      name: "unknown metric to select by", code: 64, mentions: ["training.select", "mae"],
      arguments: ["train", "--data", "DATA", "--output", "OUT", "--set", "training.select=bleu"]),
    Case(
      name: "contradictory seeds", code: 64, mentions: ["--seed", "--seeds"],
      arguments: ["train", "--data", "DATA", "--output", "OUT", "--seed", "1", "--seeds", "3"]),
    Case(
      name: "contradictory flags", code: 64, mentions: ["--resume", "--overwrite"],
      arguments: ["train", "--data", "DATA", "--output", "OUT", "--resume", "--overwrite"]),
    Case(
      name: "missing recipe", code: 66, mentions: ["none.yaml"],
      arguments: ["train", "--recipe", "none.yaml", "--data", "DATA", "--output", "OUT"]),
    Case(
      name: "unknown device", code: 64, mentions: ["tpu"],
      arguments: ["train", "--data", "DATA", "--output", "OUT", "--device", "tpu"]),
  ]

  static let places: [Case] = [
    Case(
      name: "missing data", code: 66, mentions: ["nowhere"],
      arguments: ["train", "--data", "nowhere", "--output", "OUT"]),
    Case(
      name: "unwritable output", code: 73, mentions: ["dataset.json/run"],
      arguments: ["train", "--data", "DATA", "--output", "DATA/dataset.json/run"]),
    Case(
      name: "predictions into a missing folder", code: 73, mentions: ["nowhere"],
      arguments: ["predict", "--model", "MODEL", "--data", "DATA", "--output", "nowhere/out.safetensors"]),
    Case(
      name: "unknown split", code: 64, mentions: ["dev", "train, valid, test"],
      arguments: ["evaluate", "--model", "MODEL", "--data", "DATA", "--split", "dev"]),
  ]

  static let library: [Case] = [
    Case(
      name: "libtorch absent", code: 70, mentions: ["LIBTORCH", "/nowhere", "make setup"],
      environment: ["LIBTORCH": "/nowhere"]),
    Case(
      name: "libtorch of another kind", code: 70, mentions: ["1.9.0", "2.13"],
      breaking: { data in
        try FileManager.default.createDirectory(atPath: data.folder + "/lib", withIntermediateDirectories: true)
        for name in ["libc10.so", "libtorch_cpu.so", "libc10.dylib", "libtorch_cpu.dylib"] {
          try Data("no library".utf8).write(to: URL(fileURLWithPath: data.folder + "/lib/\(name)"))
        }
        try Data("__version__ = '1.9.0'".utf8).write(to: URL(fileURLWithPath: data.folder + "/version.py"))
      }, environment: ["LIBTORCH": "DATA"]),
  ]

  @Test(arguments: cases) func endsWithOneMessage(_ wrong: Case) throws {
    try withTemporaryFolder { folder in
      let data = try BrokenData(folder)
      // The output folder has an earlier result, which must survive.
      try FileManager.default.createDirectory(atPath: "\(folder)/out", withIntermediateDirectories: true)
      try Data("earlier".utf8).write(to: URL(fileURLWithPath: "\(folder)/out/keep.txt"))
      try wrong.breaking(data)
      let fill = { (text: String) in
        text.replacingOccurrences(of: "DATA", with: data.folder).replacingOccurrences(of: "MODEL", with: data.model)
          .replacingOccurrences(of: "OUT", with: "\(folder)/out")
      }
      let outcome = try Program.run(
        wrong.arguments.map(fill), in: folder, environment: wrong.environment.mapValues(fill))
      #expect(outcome.code == wrong.code, "\(outcome.errors)")
      for mention in wrong.mentions.map(fill) {
        #expect(outcome.errors.contains(mention), "«\(mention)» is missing in: \(outcome.errors)")
      }
      #expect(outcome.errors.lowercased().components(separatedBy: "error:").count == 2, "\(outcome.errors)")
      #expect(outcome.errors.utf8.count < 4000 && !outcome.errors.contains("\u{1B}"), "\(outcome.errors)")
      for trace in ["Fatal error", "Stack dump", "Program crashed", "frame #", "C++"] {
        #expect(!outcome.errors.contains(trace), "\(outcome.errors)")
      }
      #expect(outcome.output.isEmpty)
      #expect(try String(contentsOfFile: "\(folder)/out/keep.txt", encoding: .utf8) == "earlier")
    }
  }

  /// The test mounts a real file system of 200 KB in its own name space.
  @Test(.enabled(if: FullDisk.isAvailable, "needs Linux's unshare and mount, as root or with user name spaces"))
  func aFullDiskKeepsWhatWasThere() throws {
    try withTemporaryFolder { folder in
      let data = try BrokenData(folder)
      let outcome = try FullDisk.run(
        [Program.path, "train", "--data", data.folder, "--output", "DISK/run", "--set", "training.epochs=2"],
        bytes: 200_000)
      #expect(outcome.code == 73, "\(outcome.errors)")
      #expect(outcome.errors.contains("space"), "\(outcome.errors)")
    }
  }
}
