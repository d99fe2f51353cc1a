import Foundation
import Polyphony
import Testing

/// Runs the way from pictures, sounds and clips to a prediction as a user does, with small encoders.
@Suite struct MediaProgramTests {
  private static let convert = [
    "data", "convert", "--input", "manifest.csv", "--target", "label", "--modality", "size=size", "--cache", "none",
  ]

  private static func train(_ folder: String) throws {
    try Program.succeed(
      ["train", "--data", "data", "--architecture", "late_fusion", "--output", "run"] + ResumeTests.settings, in: folder
    )
  }

  /// What cannot be read is missing and counted. A prediction from it alone names it with the reason.
  @Test func fromFilesToAPrediction() throws {
    try withTemporaryFolder { folder in
      try SmallMedia.encoder("vit", in: folder)
      try SmallMedia.encoder("deit", in: folder)
      try SmallMedia.encoder("wav2vec2", in: folder)
      let picture = try SmallMedia.picture("rgb.png")
      var changed = picture
      changed[60] ^= 1
      let pictures: [(name: String, content: Data, reason: String)] = [
        ("cut.png", picture.prefix(900), "the PNG file is broken: its end too early"),
        ("changed.png", changed, "the PNG file is broken: a wrong checksum"),
        ("bomb.png", try SmallMedia.claim(width: 60_000, height: 60_000), "too many pixels, or none: 60000×60000"),
        ("large.png", try SmallMedia.claim(width: 10_000, height: 10_000), "too many pixels, or none: 10000×10000"),
        ("empty.png", Data(), "the file is empty"),
      ]
      let sounds: [(name: String, content: Data, reason: String)] = [
        ("none.wav", SmallMedia.wave(300, samples: 0), "the file has no samples"),
        ("cut.wav", SmallMedia.wave(300).prefix(30), "a WAVE file is cut off"),
        ("silent.wav", SmallMedia.wave(300, loudness: 0), "the sound is silent"),
        ("short.wav", SmallMedia.wave(300, samples: 5), "the sound is too short for the encoder: 10 samples"),
      ]
      for (name, content, _) in pictures + sounds { try content.write(to: URL(fileURLWithPath: "\(folder)/\(name)")) }
      // A picture that can be read beside a broken sound, and the other way round.
      let broken = pictures.map { ($0.name, "0.wav") } + sounds.map { ("0.ppm", $0.name) } + [("nowhere.png", "1.wav")]
      try SmallMedia.manifest(30, broken: broken.map { (faces: $0.0, sound: $0.1) }, in: folder)
      let converted = try Program.succeed(
        Self.convert + [
          "--modality", "faces=faces:image", "--encoder", "faces=vit", "--modality", "sound=sound:audio", "--encoder",
          "sound=wav2vec2", "--pooling", "sound=mean", "--output", "data",
        ], in: folder)
      #expect(converted.errors.contains("6 of 40 inputs of faces have no content"), "\(converted.errors)")
      #expect(converted.errors.contains("4 of 40 inputs of sound have no content"))
      #expect(converted.errors.contains("bomb.png counts as missing: the picture has too many pixels"))
      #expect(converted.output.contains("faces  vector 16  of vit") && converted.output.contains("of wav2vec2"))
      try Self.train(folder)
      let predict = ["predict", "--model", "run/model", "--input", "size=2"]
      let whole = ["--input", "faces=3.ppm", "--input", "sound=3.wav"]
      let answer = try Program.succeed(predict + whole, in: folder)
      #expect(answer.output.contains("present: size, faces, sound"), "\(answer.output)")
      try Program.succeed(
        ["predict", "--model", "run/model", "--data", "manifest.csv", "--output", "all.csv"], in: folder)
      let rows = try #require(text(of: "\(folder)/all.csv")).split(separator: "\n")
      #expect(rows.count == 41 && rows[31].contains(",size+sound,") && rows[37].contains(",size+faces,"))

      for (name, _, reason) in pictures + sounds {
        let modality = name.hasSuffix(".wav") ? "sound" : "faces"
        let alone = try Program.run(
          ["predict", "--model", "run/model", "--input", "\(modality)=\(name)"], in: folder)
        #expect(alone.code == 65 && alone.errors.contains("no input has content"), "\(alone.errors)")
        for word in ["--input \(modality)", name, reason] { #expect(alone.errors.contains(word), "\(alone.errors)") }
      }
      let needed = try Program.run(
        predict + ["--input", "faces=cut.png", "--input", "sound=3.wav"], in: folder)
      #expect(needed.code == 65 && needed.errors.contains("the model cannot do without it"), "\(needed.errors)")

      // DeiT has vectors of the same size.
      let other = try Program.run(predict + whole + ["--encoder", "faces=deit"], in: folder)
      #expect(other.code == 65 && other.errors.contains("another encoder than that of the training"))
    }
  }

  /// Frames of a clip and its sound. A clip without sound, and one that is cut off, are no errors of the whole.
  @Test(.enabled(if: SmallMedia.hasFFmpeg, "ffmpeg is not installed")) func fromClipsToAPrediction() throws {
    try withTemporaryFolder { folder in
      try SmallMedia.encoder("resnet-basic", in: folder)
      let clips = ["low.mpg", "high.mpg", "mute.mpg"]
      for (clip, hertz) in zip(clips, [300, 1500, nil]) { try SmallMedia.clip(clip, hertz: hertz, in: folder) }
      let whole = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/low.mpg"))
      try whole.prefix(60).write(to: URL(fileURLWithPath: "\(folder)/cut.mpg"))
      try Data("no clip at all".utf8).write(to: URL(fileURLWithPath: "\(folder)/text.mpg"))
      try SmallMedia.picture("photo.jpg").prefix(40).write(to: URL(fileURLWithPath: "\(folder)/cut.jpg"))
      let rows = (0..<30).map { "\(clips[$0 % 3]),\($0 % 5),\($0 % 3 == 0 ? "low" : "high")" }
      let broken = ["cut.mpg", "text.mpg", "cut.jpg"].map { "\($0),1,low" }
      try (["clip,size,label"] + rows + broken).joined(separator: "\n").write(
        toFile: "\(folder)/manifest.csv", atomically: true, encoding: .utf8)
      let raw = ["--modality", "faces=clip:video", "--encoder", "faces=resnet-basic", "--rate", "faces=4"]
      let converted = try Program.succeed(
        Self.convert + raw + ["--modality", "sound=clip:audio", "--encoder", "sound=logmel", "--output", "data"],
        in: folder)
      #expect(converted.output.contains("faces  sequence 4×12  of resnet"), "\(converted.output)")
      #expect(converted.output.contains("pooling embedding, 4 a second"))
      #expect(converted.errors.contains("3 of 33 inputs of faces have no content"), "\(converted.errors)")
      #expect(converted.errors.contains("13 of 33 inputs of sound have no content"))
      #expect(converted.errors.contains("mute.mpg counts as missing: the file has no sound"), "\(converted.errors)")
      try Self.train(folder)
      let predict = ["predict", "--model", "run/model", "--input", "size=2"]
      let answer = try Program.succeed(
        predict + ["--input", "faces=high.mpg", "--input", "sound=high.mpg"], in: folder)
      #expect(answer.output.contains("present: size, faces, sound"))
      let mute = try Program.run(predict + ["--input", "faces=high.mpg", "--input", "sound=mute.mpg"], in: folder)
      #expect(mute.code == 65 && mute.errors.contains("mute.mpg counts as missing: the file has no sound"))
      // A video that is given for a picture counts with its first frame.
      let frames = try Program.succeed(
        Self.convert + raw.dropLast(2).map { $0.replacingOccurrences(of: ":video", with: ":image") }
          + ["--output", "pictures"], in: folder)
      #expect(frames.output.contains("faces  vector 12  of resnet"), "\(frames.output)")
      let without = try Program.run(
        Self.convert + raw + ["--output", "other"], in: folder, environment: ["PATH": "/nowhere"])
      #expect(without.code != 0 && without.errors.contains("ffmpeg"), "\(without.errors)")
    }
  }

  @Test(
    arguments: [
      (["--modality", "faces=faces:audio", "--encoder", "faces=vit"], 64, ["reads no sound", "vit"]),
      (["--modality", "faces=faces:image", "--encoder", "faces=wav2vec2"], 64, ["reads no pictures", "wav2vec2"]),
      (["--modality", "faces=faces:text", "--encoder", "faces=vit"], 64, ["reads no texts"]),
      (["--modality", "faces=faces:image", "--encoder", "faces=mfcc"], 64, ["mfcc", "another content"]),
      (["--encoder", "faces=vit"], 64, ["--modality faces=COLUMN:image"]),
      (["--modality", "faces=faces:video", "--encoder", "faces=vit", "--rate", "faces=0"], 64, ["--rate", "0.01"]),
      (["--modality", "faces=faces:image", "--encoder", "faces=vit", "--rate", "faces=2"], 64, ["--rate", "videos"]),
      (
        ["--modality", "faces=faces:image", "--encoder", "faces=vit", "--pooling", "faces=embedding"], 64,
        ["--pooling", "no vector of its own"]
      ),
      (["--modality", "faces=faces:video", "--encoder", "faces=vit", "--pooling", "faces=none"], 64, ["one vector"]),
      (
        ["--modality", "faces=faces:image", "--encoder", "faces=broken"], 65, ["preprocessor_config.json", "resample"]
      ),
      (
        ["--modality", "sound=sound:audio", "--encoder", "sound=deaf"], 65,
        ["preprocessor_config.json", "sampling_rate"]
      ),
    ] as [([String], Int32, [String])])
  func refuses(arguments: [String], code: Int32, mentions: [String]) throws {
    try withTemporaryFolder { folder in
      for (name, copy, text) in [
        ("vit", "broken", "{\"resample\": 9}"), ("wav2vec2", "deaf", "{\"sampling_rate\": 0}"),
      ] {
        try SmallMedia.encoder(name, in: folder)
        try FileManager.default.copyItem(atPath: "\(folder)/\(name)", toPath: "\(folder)/\(copy)")
        try text.write(toFile: "\(folder)/\(copy)/preprocessor_config.json", atomically: true, encoding: .utf8)
      }
      try SmallMedia.manifest(4, in: folder)
      let outcome = try Program.run(Self.convert + ["--output", "data"] + arguments, in: folder)
      #expect(outcome.code == code, "\(outcome.errors)")
      for mention in mentions { #expect(outcome.errors.contains(mention), "\(outcome.errors)") }
    }
  }
}
