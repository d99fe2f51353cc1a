import Foundation
import Polyphony
import Testing

/// Runs the way from pictures and sounds to a prediction with encoders that are parts of the model.
@Suite struct InsideMediaProgramTests {
  private static let convert = [
    "data", "convert", "--input", "manifest.csv", "--target", "label", "--modality", "size=size", "--modality",
    "faces=faces:image", "--modality", "sound=sound:audio", "--inside", "faces=vit", "--inside", "sound=wav2vec2",
    "--output", "data",
  ]
  private static let train = InsideRuns.train

  /// The conversion with another argument in place of one, and to another folder.
  private static func convert(changing old: String = "", to new: String = "", into output: String) -> [String] {
    convert.dropLast().map { $0 == old ? new : $0 } + [output]
  }

  private static func withData(_ body: (_ folder: String) throws -> Void) throws {
    try withTemporaryFolder { folder in
      for name in ["vit", "deit", "wav2vec2", "resnet-basic"] { try SmallMedia.encoder(name, in: folder) }
      try SmallMedia.wave(300, samples: 5).write(to: URL(fileURLWithPath: "\(folder)/short.wav"))
      try SmallMedia.manifest(30, broken: [("nowhere.png", "1.wav"), ("0.ppm", "short.wav")], in: folder)
      let converted = try Program.succeed(convert + ["--cache", "kept"], in: folder)
      #expect(converted.output.contains("faces  pixels 3×8×8  of vit"), "\(converted.output)")
      #expect(converted.output.contains("sound  waveform 1600  of wav2vec2"), "\(converted.output)")
      #expect(converted.errors.contains("short.wav counts as missing: the sound is too short for the encoder"))
      try body(folder)
    }
  }

  @Test func fromFilesToAPrediction() throws {
    try Self.withData { folder in
      // What was kept makes the same bytes: a byte for a colour, and two for a sample.
      let first = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/data/train.safetensors"))
      try Program.succeed(Self.convert + ["--cache", "kept"], in: folder)
      #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/data/train.safetensors")) == first)
      #expect(first.count < 32 * (192 + 3200 + 200))
      #expect(try names(in: "\(folder)/kept").map { $0.prefix(6) } == ["pixels", "wavefo"])
      try Program.succeed(["data", "validate", "data"], in: folder)
      let table = try Program.succeed(["data", "inspect", "data"], in: folder).output
      #expect(table.contains("pixels 3×8×8") && table.contains("waveform 1600"))

      try Program.succeed(
        Self.train + ["--output", "run", "--set", "model.encoders.faces.train=last:1"], in: folder)
      let predict = ["predict", "--model", "run/model"]
      let sample = ["--input", "size=3", "--input", "faces=3.ppm", "--input", "sound=3.wav"]
      let answer = try Program.succeed(predict + sample, in: folder)
      #expect(answer.output.contains("present: size, faces, sound"))
      try Program.succeed(predict + ["--data", "manifest.csv", "--output", "a.csv"], in: folder)
      let rows = try #require(text(of: "\(folder)/a.csv")).split(separator: "\n")
      #expect(rows.count == 33 && rows[31].contains(",size+sound,") && rows[32].contains(",size+faces,"))
      // The row of the table and the single sample are one prediction.
      let best = answer.output.split(separator: "\n").dropFirst(2).first?.split(separator: " ").last
      let probability = try #require(best.flatMap { Double($0) })
      #expect(rows[4].split(separator: ",").contains { abs((Double($0) ?? 9) - probability) < 1e-4 }, "\(rows[4])")

      // The folder holds the encoders. Only a raw input needs their preparation, and another encoder is refused.
      for name in ["vit", "wav2vec2"] {
        try FileManager.default.moveItem(atPath: "\(folder)/\(name)", toPath: "\(folder)/moved-\(name)")
      }
      let evaluate = ["evaluate", "--model", "run/model", "--data", "data"]
      let scores = try Program.succeed(evaluate, in: folder).output
      let lost = try Program.run(predict + sample, in: folder)
      #expect(lost.code == 66 && lost.errors.contains("--encoder"), "\(lost.errors)")
      let places = ["--encoder", "faces=moved-vit", "--encoder", "sound=moved-wav2vec2"]
      #expect(try Program.succeed(predict + sample + places, in: folder).output == answer.output)
      let other = try Program.run(
        predict + sample + places.map { $0 == "faces=moved-vit" ? "faces=deit" : $0 }, in: folder)
      #expect(other.code == 65 && other.errors.contains("another encoder than that of the training"))

      // Missing pictures and sounds, and the later lives.
      #expect(try Program.succeed(evaluate + ["--missing", "modality:0.5"], in: folder).output != scores)
      let none = try Program.run(evaluate + ["--missing", "token:0.5"], in: folder)
      #expect(none.code == 64 && none.errors.contains("there are no steps to lose"), "\(none.errors)")
      let small = ["--set", "training.epochs=1", "--set", "training.batch_size=16"]
      try Program.succeed(
        ["tune", "--model", "run/model", "--data", "data", "--method", "lora", "--output", "lora"] + small, in: folder)
      try Program.succeed(evaluate + ["--adapter", "lora/adapter"], in: folder)
      try Program.succeed(
        ["adapt", "--model", "run/model", "--data", "data", "--method", "tent", "--output", "tent"], in: folder)
      let exported = try Program.run(
        ["export", "--model", "run/model", "--format", "onnx", "--output", "x"], in: folder)
      #expect(exported.code == 64 && exported.errors.contains("encoders."), "\(exported.errors)")
    }
  }

  /// A frozen encoder inside scores like the same features before the model, from the command line.
  @Test func scoresLikeFeaturesBeforeTheModel() throws {
    try Self.withData { try InsideRuns.expectScoresOfFeatures(Self.convert, ["faces", "sound"], in: $0) }
  }

  /// A run that is killed while it writes goes on to the same bits, with the encoders' dropout.
  @Test func aKilledRunEndsWithTheSameBits() throws {
    try Self.withData { folder in
      try InsideRuns.expectSameBitsAfterAKill(
        [
          "model.encoders.faces.train=all", "model.encoders.sound.train=lora", "training.encoder_rate=0.01",
        ], in: folder)
    }
  }

  @Test func refuses() throws {
    try Self.withData { folder in
      let expect = InsideRuns.refusals(in: folder)
      func train(_ settings: String..., data: String = "data") -> [String] {
        Self.train.map { $0 == "data" ? data : $0 } + ["--output", "run"] + settings.flatMap { ["--set", $0] }
      }
      try expect(64, "reads no pictures", Self.convert(changing: "faces=vit", to: "faces=wav2vec2", into: "data"))
      try expect(64, "reads no sound", Self.convert(changing: "sound=wav2vec2", to: "sound=vit", into: "data"))
      try expect(64, "reads videos", Self.convert(changing: "faces=faces:image", to: "faces=faces:video", into: "data"))
      try expect(64, "either --encoder or --inside", Self.convert + ["--encoder", "faces=vit"])
      try expect(64, "--pooling", Self.convert + ["--pooling", "faces=mean"])
      try expect(64, "--rate", Self.convert + ["--rate", "sound=8000"])
      try expect(66, "nowhere", Self.convert + ["--detect", "faces=nowhere"])
      try expect(66, "mfcc/config.json", Self.convert(changing: "sound=wav2vec2", to: "sound=mfcc", into: "data"))
      try expect(64, "last:1 to last:2", train("model.encoders.faces.train=last:3"))
      try expect(64, "a vector", train("model.encoders.size.train=all"))
      try expect(65, "another encoder than that of the data", train("model.encoders.faces.from=deit"))
      try expect(65, "another encoder than that of the data", train("model.encoders.faces.from=wav2vec2"))
      try expect(
        64, "raw inputs have no features",
        ["data", "corrupt", "--data", "data", "--shift", "noise:3", "--modality", "faces", "--output", "noisy"])

      // A network without attention takes no updates of low rank. Pictures of no fixed size make no tensor.
      try Program.succeed(
        Self.convert(changing: "faces=vit", to: "faces=resnet-basic", into: "places"), in: folder)
      try expect(64, "no attention", train("model.encoders.faces.train=lora", data: "places"))
      let preparation = "\(folder)/resnet-basic/preprocessor_config.json"
      func prepare(_ text: String) throws { try text.write(toFile: preparation, atomically: true, encoding: .utf8) }
      try prepare(#"{"do_resize": false, "do_center_crop": false}"#)
      try expect(64, "need one size", Self.convert(changing: "faces=vit", to: "faces=resnet-basic", into: "data"))

      // A model refuses data of another size, and of the same size from another preparation.
      try Program.succeed(train(), in: folder)
      for (size, mention) in [(12, "pixels [3, 12, 12]"), (8, "another encoder's")] {
        try #"{"size": {"height": \#(size), "width": \#(size)}}"#.write(
          toFile: "\(folder)/vit/preprocessor_config.json", atomically: true, encoding: .utf8)
        try Program.succeed(Self.convert(into: "size\(size)"), in: folder)
        try expect(65, mention, ["evaluate", "--model", "run/model", "--data", "size\(size)"])
      }
      try FileManager.default.removeItem(atPath: "\(folder)/vit/preprocessor_config.json")

      // Descriptions that no conversion makes.
      try InsideRuns.expectDescriptionsAreRefused(
        [
          ("\"sample_rate\" : 16000", "\"sample_rate\" : 8000", "the rate of the encoder"),
          ("\"sample_rate\" : 16000", "\"rate\" : 16000", "the rate of the encoder"),
          ("\"channels\" : 3", "\"channels\" : 1", "red, green and blue"),
          ("\"height\" : 8", "\"height\" : 9", "train.safetensors"),
          ("\"kind\" : \"pixels\"", "\"kind\" : \"image\"", "train.safetensors"),
          ("\"kind\" : \"waveform\"", "\"kind\" : \"tokens\"", "no vocabulary"),
          ("\"length\" : 1600", "\"length\" : 500000", "at most 480000"),
        ], in: folder)
    }
  }
}
