import Foundation
import Polyphony
import Testing

/// Runs the way from raw texts to a prediction as a user does, with a small encoder.
@Suite struct EncoderProgramTests {
  @Test func fromATextToAPrediction() throws {
    try withTemporaryFolder { folder in
      try SmallEncoder.make(in: "\(folder)/enc")
      try SmallEncoder.manifest(60).write(toFile: "\(folder)/manifest.csv", atomically: true, encoding: .utf8)
      let convert = [
        "data", "convert", "--input", "manifest.csv", "--modality", "text=transcript:text", "--encoder", "text=enc",
        "--modality", "audio=loudness", "--target", "label", "--group-by", "video", "--cache", "kept",
      ]
      let converted = try Program.succeed(convert + ["--pooling", "text=mean", "--output", "data"], in: folder)
      #expect(converted.output.contains("text  vector 16  of bert"))
      #expect(converted.errors.contains("8 of 60 inputs of text have no content. They count as missing"))
      let description = try #require(text(of: "\(folder)/data/dataset.json"))
      for word in ["\"family\" : \"bert\"", "\"pooling\" : \"mean\"", "\"layer\" : -1", "\"sha256\""] {
        #expect(description.contains(word), "\(word) is not in dataset.json")
      }
      try Program.succeed(["data", "validate", "data"], in: folder)
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
      let lost = try Program.run(predict + sample, in: folder)
      #expect(lost.code == 66 && lost.errors.contains("--encoder text=FOLDER"))
      let found = try Program.succeed(predict + sample + ["--encoder", "text=elsewhere"], in: folder)
      #expect(found.output == answer.output)
      try (["[PAD]", "[UNK]", "[CLS]", "[SEP]"] + SmallEncoder.words.reversed()).joined(separator: "\n").write(
        toFile: "\(folder)/elsewhere/vocab.txt", atomically: true, encoding: .utf8)
      let other = try Program.run(predict + sample + ["--encoder", "text=elsewhere"], in: folder)
      #expect(other.code == 65 && other.errors.contains("another encoder than that of the training"))
      // Features of it have the same form, and the model refuses them too.
      try Program.succeed(
        convert.map { $0 == "text=enc" ? "text=elsewhere" : $0 } + ["--pooling", "text=mean", "--output", "others"],
        in: folder)
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
