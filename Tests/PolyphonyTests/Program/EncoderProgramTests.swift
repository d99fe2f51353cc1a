import Foundation
import Polyphony
import Testing

@testable import PolyphonySupport

/// Runs the way from raw texts to a prediction as a user does, with a small encoder.
@Suite struct EncoderProgramTests {
  @Test func fromATextToAPrediction() throws {
    try withTemporaryFolder { folder in
      try SmallEncoder.make(in: "\(folder)/enc")
      try SmallEncoder.manifest(60).write(toFile: "\(folder)/manifest.csv", atomically: true, encoding: .utf8)
      let convert = [
        "data", "convert", "--input", "manifest.csv", "--modality", "text=transcript:text", "--encoder", "text=enc",
        "--target", "label", "--group-by", "video", "--cache", "kept", "--pooling", "text=mean",
      ]
      let audio = ["--modality", "audio=loudness"]
      let converted = try Program.succeed(convert + audio + ["--output", "data"], in: folder)
      #expect(converted.output.contains("text  vector 16  of bert"))
      #expect(converted.errors.contains("8 of 60 inputs of text have no content. They count as missing"))
      let description = try #require(text(of: "\(folder)/data/dataset.json"))
      for word in ["\"family\" : \"bert\"", "\"pooling\" : \"mean\"", "\"layer\" : -1", "\"sha256\""] {
        #expect(description.contains(word), "\(word) is not in dataset.json")
      }
      try Program.succeed(["data", "validate", "data"], in: folder)
      // Without the audio, the samples with an empty text have nothing.
      let alone = try Program.succeed(convert + ["--output", "alone"], in: folder)
      #expect(alone.errors.contains("samples lack every modality and are left out"), "\(alone.errors)")
      try Program.succeed(["data", "validate", "alone"], in: folder)
      try Program.succeed(
        ["train", "--data", "data", "--architecture", "late_fusion", "--output", "run"] + ResumeTests.settings,
        in: folder)
      let predict = ["predict", "--model", "run/model"]
      let answer = try Program.succeed(predict + ["--input", "text=I loved it", "--input", "audio=0.2"], in: folder)
      #expect(answer.output.contains("positive") && answer.output.contains("present: text, audio"))
      try Program.succeed(predict + ["--data", "manifest.csv", "--output", "a.csv"], in: folder)
      let table = try #require(text(of: "\(folder)/a.csv")).split(separator: "\n")
      #expect(table.count == 61 && table[7].contains(",audio,") && table[1].contains("text+audio"))

      // Another encoder of the same size, and one that has moved.
      try FileManager.default.moveItem(atPath: "\(folder)/enc", toPath: "\(folder)/elsewhere")
      let sample = ["--input", "text=I loved it", "--input", "audio=0.2"]
      try SmallEncoder.expectAnotherIsRefused(predict + sample, in: folder, answer: answer.output)
      // Features of it have the same form, and the model refuses them too.
      try Program.succeed(
        convert.map { $0 == "text=enc" ? "text=elsewhere" : $0 } + audio + ["--output", "others"], in: folder)
      let refused = try Program.run(["evaluate", "--model", "run/model", "--data", "others"], in: folder)
      #expect(refused.code == 65 && refused.errors.contains("another encoder's than those of the model"))
    }
  }

  /// Sequences of tokens have lengths, and a prediction takes a text of any length.
  @Test func tokensBecomeSteps() throws {
    try withTemporaryFolder { folder in
      try SmallEncoder.make(in: "\(folder)/enc")
      try SmallEncoder.manifest(40).write(toFile: "\(folder)/manifest.csv", atomically: true, encoding: .utf8)
      let converted = try Program.succeed(
        [
          "data", "convert", "--input", "manifest.csv", "--modality", "text=transcript:text", "--encoder", "text=enc",
          "--modality", "audio=loudness", "--target", "label", "--output", "data", "--cache", "none",
        ], in: folder)
      #expect(converted.output.contains("text  sequence 11×16  of bert"), "\(converted.output)")
      try Program.succeed(
        ["train", "--data", "data", "--architecture", "early_fusion", "--output", "run"] + ResumeTests.settings,
        in: folder)
      for words in ["it", String(repeating: "the movie ", count: 30)] {
        try Program.succeed(
          ["predict", "--model", "run/model", "--input", "text=\(words)", "--input", "audio=0.2"], in: folder)
      }
    }
  }

  @Test func describes() throws {
    try withTemporaryFolder { folder in
      try SmallEncoder.make(in: "\(folder)/enc")
      let described = try Program.succeed(["encoders", "describe", "enc"], in: folder)
      #expect(described.output.contains("bert") && described.output.contains("15 different, 20 a text at most"))
      #expect(try Program.succeed(["encoders"]).output.contains("all-minilm-l6-v2"))
    }
  }

  @Test(
    arguments: [
      (["--modality", "text=transcript:text"], 64, ["--encoder text=FOLDER"]),
      (["--encoder", "text=enc"], 64, ["--modality text=COLUMN:text"]),
      (["--modality", "text=transcript:text", "--encoder", "text=nowhere"], 66, ["nowhere/config.json"]),
      (
        ["--modality", "text=transkript:text", "--encoder", "text=enc"], 64,
        ["transkript", "did you mean `transcript`?"]
      ),
      (["--modality", "text=transcript:text", "--encoder", "text=enc", "--layer", "text=3"], 64, ["no such layer"]),
      (["--modality", "text=transcript:text", "--encoder", "text=enc", "--pooling", "text=max"], 64, ["max", "mean"]),
      (["--modality", "text=transcript:text", "--encoder", "text=enc", "--pooling", "audio=mean"], 64, ["--pooling"]),
      (["--modality", "text=transcript:text", "--encoder", "enc"], 64, ["NAME=FOLDER"]),
    ] as [([String], Int32, [String])])
  func refuses(arguments: [String], code: Int32, mentions: [String]) throws {
    try withTemporaryFolder { folder in
      try SmallEncoder.make(in: "\(folder)/enc")
      try SmallEncoder.manifest(12).write(toFile: "\(folder)/manifest.csv", atomically: true, encoding: .utf8)
      let outcome = try Program.run(
        ["data", "convert", "--input", "manifest.csv", "--target", "label", "--output", "data", "--cache", "none"]
          + arguments, in: folder)
      #expect(outcome.code == code, "\(outcome.errors)")
      for mention in mentions { #expect(outcome.errors.contains(mention), "\(outcome.errors)") }
    }
  }

  /// A file of an encoder's folder that is replaced, or removed, and the answer.
  struct Damage: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let file: String
    let change: @Sendable (String) -> String?
    var code: Int32 = 65
    let mentions: [String]
  }

  private static let damages = [
    Damage(
      testDescription: "a tokenizer of another model", file: "vocab.txt",
      change: { $0.replacing("the\n", with: (0..<40).map { "other\($0)\n" }.joined() + "the\n") },
      mentions: ["the encoder does not know a token", "0 to 39", "use the tokenizer in the encoder's folder"]),
    Damage(
      testDescription: "no weights", file: "model.safetensors", change: { _ in nil }, code: 66,
      mentions: ["the folder holds no weights", "model.safetensors"]),
    Damage(
      testDescription: "no tokenizer", file: "vocab.txt", change: { _ in nil }, code: 66,
      mentions: ["the folder has no tokenizer", "tokenizer.json"]),
    Damage(
      testDescription: "weights of another size", file: "config.json",
      change: { $0.replacing("\"intermediate_size\": 24", with: "\"intermediate_size\": 48") },
      mentions: ["encoder.layer.0.intermediate.dense.weight", "[48, 16]"]),
    Damage(
      testDescription: "weights of fewer layers", file: "config.json",
      change: { $0.replacing("\"num_hidden_layers\": 2", with: "\"num_hidden_layers\": 3") },
      mentions: ["encoder.layer.2."]),
    Damage(
      testDescription: "a size out of range", file: "config.json",
      change: { $0.replacing("\"num_hidden_layers\": 2", with: "\"num_hidden_layers\": 1000000000") },
      mentions: ["config.json", "num_hidden_layers", "1 to 1024"]),
    Damage(
      testDescription: "a width out of range", file: "config.json",
      change: { $0.replacing("\"hidden_size\": 16", with: "\"hidden_size\": -16") },
      mentions: ["config.json", "hidden_size", "-16"]),
    Damage(
      testDescription: "a tokenizer that is cut off", file: "tokenizer.json",
      change: { _ in #"{"version": "1.0", "model": {"type": "WordPiece", "vocab": {"# },
      mentions: ["tokenizer.json"]),
    Damage(
      testDescription: "a tokenizer of an unknown form", file: "tokenizer.json",
      change: { _ in #"{"version": "1.0", "model": {"type": "Neural", "vocab": {}}}"# },
      mentions: ["tokenizer.json", "Neural"]),
    Damage(
      testDescription: "weights that are none", file: "model.safetensors", change: { _ in "<html>not found</html>" },
      mentions: ["model.safetensors"]),
  ]

  @Test(arguments: damages) func refusesABrokenEncoder(damage: Damage) throws {
    try withTemporaryFolder { folder in
      try SmallEncoder.make(in: "\(folder)/enc")
      let file = "\(folder)/enc/\(damage.file)"
      let before = try? String(contentsOfFile: file, encoding: .utf8)
      let after = damage.change(before ?? "")
      if let after {
        #expect(after != before)
        try after.write(toFile: file, atomically: true, encoding: .utf8)
      } else {
        try FileManager.default.removeItem(atPath: file)
      }
      try SmallEncoder.manifest(12).write(toFile: "\(folder)/manifest.csv", atomically: true, encoding: .utf8)
      let outcome = try Program.run(
        [
          "data", "convert", "--input", "manifest.csv", "--modality", "text=transcript:text", "--encoder", "text=enc",
          "--target", "label", "--output", "data", "--cache", "none",
        ], in: folder)
      #expect(outcome.code == damage.code, "\(outcome.errors)")
      for mention in damage.mentions { #expect(outcome.errors.contains(mention), "\(mention): \(outcome.errors)") }
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/data"))
    }
  }

  /// Texts to time that are none, or longer than the encoder reads.
  @Test(
    arguments: [
      (["--texts", "nowhere.txt"], 66, "nowhere.txt"), ([], 64, "--texts"), (["--batch", "0"], 64, "--batch"),
      (["--step", "train", "--length", "2000"], 64, "at most 20"),
    ] as [([String], Int32, String)])
  func refusesABenchmark(arguments: [String], code: Int32, mention: String) throws {
    try withTemporaryFolder { folder in
      try SmallEncoder.make(in: "\(folder)/enc")
      let outcome = try Program.run(["encoders", "benchmark", "enc"] + arguments, in: folder)
      #expect(outcome.code == code && outcome.errors.contains(mention), "\(outcome.errors)")
    }
  }

  @Test(arguments: ["embed", "first", "train"]) func times(step: String) throws {
    try withTemporaryFolder { folder in
      try SmallEncoder.make(in: "\(folder)/enc")
      try "the movie\nI loved it\ngood".write(toFile: "\(folder)/texts.txt", atomically: true, encoding: .utf8)
      let timed = try Program.succeed(
        [
          "encoders", "benchmark", "enc", "--step", step, "--texts", "texts.txt", "--batch", "2", "--length", "8",
          "--repeats", "1", "--sorted", "--json",
        ], in: folder)
      let result = try OrderedJSON(parsing: timed.output)
      for key in ["median_ms", "samples_per_s", "peak_rss_mb"] {
        #expect(result[key].flatMap { Double($0.text(.line)) }.map { $0 > 0 } == true, "\(timed.output)")
      }
    }
  }

  /// The demonstration, with a small encoder in the place of the one that pip would fetch.
  @Test func theDemonstrationPredicts() throws {
    try withTemporaryFolder { folder in
      try SmallEncoder.make(in: "\(folder)/demo/minilm")
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = ["python3", DocumentationTests.root + "/Tools/demo-clip.py", Program.path, "\(folder)/demo"]
      let output = Pipe()
      process.standardOutput = output
      process.standardError = FileHandle.nullDevice
      try process.run()
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationStatus == 0, "\(text)")
      #expect(text.components(separatedBy: "present: text, sound").count == 3, "\(text)")
    }
  }

  /// Without pip the command says so, and leaves no folder.
  @Test func fetchingNeedsPip() throws {
    try withTemporaryFolder { folder in
      let absent = try Program.run(
        ["encoders", "fetch", "all-minilm-l6-v2", "--output", "enc"], in: folder,
        environment: ["PIP_NO_INDEX": "1", "PIP_FIND_LINKS": folder])
      #expect(absent.code == 70 && absent.errors.contains("cannot be fetched with pip"), "\(absent.errors)")
      let unknown = try Program.run(["encoders", "fetch", "all-minilm", "--output", "enc"], in: folder)
      #expect(unknown.code == 64 && unknown.errors.contains("all-minilm-l6-v2"))
      #expect(try names(in: folder) == [])
    }
  }
}
