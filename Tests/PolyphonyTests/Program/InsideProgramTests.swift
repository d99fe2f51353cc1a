import Foundation
import Polyphony
import Testing

@testable import PolyphonySupport

/// Runs the way from raw texts to a prediction with an encoder that is a part of the model.
@Suite struct InsideProgramTests {
  private static let convert = [
    "data", "convert", "--input", "manifest.csv", "--modality", "text=transcript:text", "--inside", "text=enc",
    "--modality", "audio=loudness", "--target", "label", "--group-by", "video", "--output", "data",
  ]
  private static let train = InsideRuns.train

  private static func withData(_ body: (_ folder: String) throws -> Void) throws {
    try withTemporaryFolder { folder in
      try SmallEncoder.make(in: "\(folder)/enc")
      try SmallEncoder.manifest(60).write(toFile: "\(folder)/manifest.csv", atomically: true, encoding: .utf8)
      let converted = try Program.succeed(convert, in: folder)
      #expect(converted.output.contains("text  tokens 11  of bert"), "\(converted.output)")
      #expect(converted.errors.contains("8 of 60 inputs of text have no content. They count as missing"))
      try body(folder)
    }
  }

  /// A row of a comparison counts what a frozen encoder leaves to train.
  @Test func aFrozenEncoderDoesNotCountAsTrained() throws {
    try Self.withData { folder in
      let recipe = """
        data: data
        methods:
          frozen:
            - train:
                model: {architecture: late_fusion, width: 8, heads: 2, layers: 1, encoders: {text: {train: none}}}
                training: {epochs: 1, batch_size: 16}
        """
      try recipe.write(toFile: "\(folder)/recipe.yaml", atomically: true, encoding: .utf8)
      let outcome = try Program.succeed(["compare", "recipe.yaml", "--output", "out", "--json"], in: folder)
      let count = try #require(try ResultsDocument(parsing: outcome.output).results.first?.parameters)
      #expect(count.trainable > 0 && count.trainable < count.total)
    }
  }

  @Test func fromATextToAPrediction() throws {
    try Self.withData { folder in
      try Program.succeed(["data", "validate", "data"], in: folder)
      #expect(try Program.succeed(["data", "inspect", "data"], in: folder).output.contains("tokens 11"))
      try Program.succeed(Self.train + ["--output", "run", "--set", "model.encoders.text.train=last:1"], in: folder)
      let sample = ["--input", "text=I loved it", "--input", "audio=0.2"]
      let predict = ["predict", "--model", "run/model"]
      let answer = try Program.succeed(predict + sample, in: folder)
      #expect(answer.output.contains("present: text, audio"))
      try Program.succeed(predict + ["--data", "manifest.csv", "--output", "a.csv"], in: folder)
      let table = try #require(text(of: "\(folder)/a.csv")).split(separator: "\n")
      #expect(table.count == 61 && table[7].contains(",audio,") && table[1].contains("text+audio"))

      // The folder holds the encoder. Only a text needs its tokenizer, and another encoder is refused.
      try FileManager.default.moveItem(atPath: "\(folder)/enc", toPath: "\(folder)/elsewhere")
      let evaluate = ["evaluate", "--model", "run/model", "--data", "data"]
      let scores = try Program.succeed(evaluate, in: folder).output
      try SmallEncoder.expectAnotherIsRefused(predict + sample, in: folder, answer: answer.output)

      // Missing texts and lost tokens, and the later lives.
      for rule in ["modality:0.5", "token:0.5"] {
        #expect(try Program.succeed(evaluate + ["--missing", rule], in: folder).output != scores)
      }
      let small = ["--set", "training.epochs=2", "--set", "training.batch_size=16"]
      let tune = ["tune", "--model", "run/model", "--data", "data", "--method"]
      for method in ["lora", "wander", "prompts"] {
        try Program.succeed(tune + [method, "--output", method] + small, in: folder)
        try Program.succeed(evaluate + ["--adapter", "\(method)/adapter"], in: folder)
      }
      try Program.succeed(
        ["adapt", "--model", "run/model", "--data", "data", "--method", "tent", "--output", "tent"], in: folder)
      let exported = try Program.run(
        ["export", "--model", "run/model", "--format", "onnx", "--output", "x"], in: folder)
      #expect(exported.code == 64 && exported.errors.contains("encoders.text"), "\(exported.errors)")

      // Noise acts on numbers alone.
      let corrupt = ["data", "corrupt", "--data", "data", "--shift", "noise:3", "--output", "noisy"]
      let refused = try Program.run(corrupt + ["--modality", "text"], in: folder)
      #expect(refused.code == 64 && refused.errors.contains("raw inputs have no features"), "\(refused.errors)")
      try Program.succeed(corrupt, in: folder)
      try Program.succeed(["data", "validate", "noisy"], in: folder)
    }
  }

  /// A frozen encoder inside scores like the same features before the model, from the command line.
  @Test func scoresLikeFeaturesBeforeTheModel() throws {
    try Self.withData { try InsideRuns.expectScoresOfFeatures(Self.convert, ["text"], in: $0) }
  }

  /// A run that is killed while it writes goes on to the same bits, with the encoder's dropout.
  @Test(arguments: ["none", "all", "lora"]) func aKilledRunEndsWithTheSameBits(training: String) throws {
    try Self.withData { folder in
      try InsideRuns.expectSameBitsAfterAKill(
        ["model.encoders.text.train=\(training)", "training.encoder_rate=0.01"], in: folder)
    }
  }

  @Test func refuses() throws {
    try Self.withData { folder in
      let expect = InsideRuns.refusals(in: folder)
      func train(_ settings: String...) -> [String] {
        Self.train + ["--output", "run"] + settings.flatMap { ["--set", $0] }
      }
      try expect(64, "model.encoders.text.form", train("model.encoders.text.form=enc"))
      try expect(64, "last:N", train("model.encoders.text.train=first"))
      try expect(64, "last:1 to last:2", train("model.encoders.text.train=last:3"))
      try expect(64, "a vector", train("model.encoders.audio.train=all"))
      try expect(64, "did you mean `text`?", train("model.encoders.texts.train=all"))
      try expect(66, "nowhere/config.json", train("model.encoders.text.from=nowhere"))
      try expect(64, "training.encoder_rate", train("training.encoder_rate=0"))
      try expect(64, "either --encoder or --inside", Self.convert + ["--encoder", "text=enc"])
      try expect(64, "--layer", Self.convert + ["--layer", "text=1"])
      try expect(66, "nowhere/config.json", Self.convert.map { $0 == "text=enc" ? "text=nowhere" : $0 })

      let other = "\(folder)/other"
      try SmallEncoder.make(in: other)
      try "[PAD]\n[UNK]\n[CLS]\n[SEP]\n".write(toFile: "\(other)/vocab.txt", atomically: true, encoding: .utf8)
      try expect(65, "another encoder than that of the data", train("model.encoders.text.from=other"))

      // Descriptions and tokens that no conversion makes.
      try InsideRuns.expectDescriptionsAreRefused(
        [
          ("\"vocabulary\" : 40", "\"vocabulary\" : 5", "the encoder does not know a token"),
          ("\"vocabulary\" : 40", "\"words\" : 40", "no vocabulary"),
          ("\"encoder\" : {", "\"encoded\" : {", "the encoder of the tokens"),
          ("\"length\" : 11", "\"length\" : 21", "at most 20"),
          ("\"kind\" : \"tokens\"", "\"kind\" : \"sequence\", \"features\" : 1", "train.safetensors"),
        ], in: folder)
    }
  }
}
