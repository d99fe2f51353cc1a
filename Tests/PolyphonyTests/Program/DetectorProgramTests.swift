import Foundation
import Polyphony
import Testing

/// Runs detectors before encoders as a user does, from files to a prediction.
@Suite struct DetectorProgramTests {
  private static let convert = [
    "data", "convert", "--input", "manifest.csv", "--target", "label", "--modality", "size=size", "--cache", "none",
    "--output", "data",
  ]

  /// A dark picture, with a bright square or without.
  private static func picture(hasFace: Bool) -> Data {
    let pixels = (0..<3600).flatMap { place -> [UInt8] in
      let isBright = hasFace && (14..<44).contains(place / 60) && (20..<50).contains(place % 60)
      return .init(repeating: isBright ? 250 : 5, count: 3)
    }
    return Data(Array("P6 60 60 255\n".utf8) + pixels)
  }

  private static func files(in folder: String) throws {
    try SmallMedia.encoder("vit", in: folder)
    for hasFace in [true, false] {
      let name = hasFace ? "face" : "dark"
      try picture(hasFace: hasFace).write(to: URL(fileURLWithPath: "\(folder)/\(name).ppm"))
      try SmallMedia.wave(hasFace ? 1800 : 300).write(
        to: URL(fileURLWithPath: "\(folder)/\(hasFace ? "voice" : "hum").wav"))
    }
    let rows = (0..<32).map { row in
      "\(row % 2 == 0 ? "face" : "dark").ppm,\(row % 4 < 2 ? "voice" : "hum").wav,\(row % 5),\(row % 3 == 0 ? "a" : "b")"
    }
    try (["faces,sound,size,label"] + rows).joined(separator: "\n").appending("\n").write(
      toFile: "\(folder)/manifest.csv", atomically: true, encoding: .utf8)
  }

  /// What a detector does not find is missing, with the reason. A prediction does the same, and takes no other detector.
  @Test(arguments: ["--encoder", "--inside"]) func fromFilesToAPrediction(place: String) throws {
    try withTemporaryFolder { folder in
      try Self.files(in: folder)
      try SmallDetector.faces(in: "\(folder)/finder")
      try SmallDetector.voice(in: "\(folder)/listener")
      try SmallDetector.voice(in: "\(folder)/other", threshold: 0.9)
      let described = try Program.succeed(["encoders", "describe", "listener"], in: folder)
      #expect(described.output.contains("speech in sounds") && described.output.contains("sha256"))
      let converted = try Program.succeed(
        Self.convert + [
          "--modality", "faces=faces:image", place, "faces=vit", "--detect", "faces=finder", "--modality",
          "sound=sound:audio", "--encoder", "sound=logmel", "--pooling", "sound=mean", "--detect", "sound=listener",
        ], in: folder)
      #expect(converted.errors.contains("16 of 32 inputs of faces have no content"), "\(converted.errors)")
      #expect(converted.errors.contains("16 of 32 inputs of sound have no content"))
      #expect(converted.errors.contains("dark.ppm counts as missing: the picture shows no face"))
      #expect(converted.errors.contains("hum.wav counts as missing: the sound has no speech"))
      #expect(converted.output.contains("behind mtcnn") && converted.output.contains("behind silero_vad"))
      try Program.succeed(
        ["train", "--data", "data", "--architecture", "late_fusion", "--output", "run"] + ResumeTests.settings,
        in: folder)
      let predict = ["predict", "--model", "run/model", "--input", "size=2", "--input", "faces=face.ppm", "--input"]
      let answer = try Program.succeed(predict + ["sound=voice.wav"], in: folder)
      #expect(answer.output.contains("present: size, faces, sound"), "\(answer.output)")
      let hum = try Program.run(predict + ["sound=hum.wav"], in: folder)
      #expect(hum.code == 65 && hum.errors.contains("the sound has no speech"), "\(hum.errors)")
      let other = try Program.run(predict + ["sound=voice.wav", "--detect", "sound=other"], in: folder)
      #expect(other.code == 65 && other.errors.contains("another detector than that of the training"))
      let none = try Program.run(predict + ["sound=voice.wav", "--detect", "size=other"], in: folder)
      #expect(none.code == 64 && none.errors.contains("the model has no detector for this modality"))
      try Program.succeed(
        ["predict", "--model", "run/model", "--data", "manifest.csv", "--output", "all.csv"], in: folder)
      let rows = try #require(text(of: "\(folder)/all.csv")).split(separator: "\n")
      #expect(rows.count == 33 && rows[1].contains(",size+faces+sound,") && rows[4].contains(",size,"), "\(rows[4])")
    }
  }

  @Test(
    arguments: [
      (["sound=sound:audio", "sound=mfcc", "sound=finder"], 64, ["--detect", "mtcnn", "audio", "silero_vad"]),
      (["faces=faces:image", "faces=vit", "faces=listener"], 64, ["--detect", "speech in sounds", "mtcnn"]),
      (["faces=faces:text", "faces=vit", "faces=finder"], 64, ["--detect", "no --detect for text"]),
      (["faces=faces:image", "faces=vit", "sound=finder"], 64, ["--detect", "a modality without an encoder"]),
      (["faces=faces:image", "faces=vit", "faces"], 64, ["--detect", "NAME=FOLDER"]),
      (["faces=faces:image", "faces=vit", "faces=vit"], 65, ["vit/config.json", "model_type", "silero_vad, mtcnn"]),
      (["faces=faces:image", "faces=vit", "faces=mtcnn"], 66, ["encoders fetch mtcnn"]),
      (["faces=faces:image", "faces=vit", "faces=finder"], 66, ["finder", "no weights"]),
    ] as [([String], Int32, [String])])
  func refuses(words: [String], code: Int32, mentions: [String]) throws {
    try withTemporaryFolder { folder in
      try Self.files(in: folder)
      for (name, family) in [("finder", "mtcnn"), ("listener", "silero_vad")] {
        try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: false)
        try "{\"model_type\": \"\(family)\"}".write(
          toFile: "\(folder)/\(name)/config.json", atomically: true, encoding: .utf8)
      }
      let outcome = try Program.run(
        Self.convert + ["--modality", words[0], "--encoder", words[1], "--detect", words[2]], in: folder)
      #expect(outcome.code == code, "\(outcome.errors)")
      for mention in mentions { #expect(outcome.errors.contains(mention), "\(outcome.errors)") }
    }
  }
}
