import Foundation
import Polyphony
import PolyphonyConversion
import Testing
import Torch

@testable import PolyphonyEncoders

/// The features of pictures, videos and sound are those of the encoder on the prepared input.
@Suite struct MediaFeaturesTests {
  private static func rows(_ extractor: MediaFeatures, _ inputs: [String], _ folder: String) throws -> [[Float]] {
    let found = try extractor.features(of: inputs, folder: folder) { _, _ in }
    return try inputs.indices.map { found.steps[$0] > 0 ? try found.read($0) : [] }
  }

  private static func expectEqual(_ found: [Float], _ expected: Tensor, _ name: String) {
    let worst = zip(found, expected.floats).map { abs($0 - $1) }.max() ?? 0
    let scale = max(1, expected.floats.map(abs).max() ?? 1)
    #expect(found.count == expected.count && worst < 1e-5 * scale, "\(name): off by \(worst) of \(scale)")
  }

  @Test(arguments: [
    ("vit", [Pooling.none, .mean, .first]), ("deit", [.first]), ("dinov2", [.none]),
    ("clip-picture", [.embedding, .mean]),
    ("resnet-basic", [.embedding, .none]), ("mobilenet-same", [.embedding]),
  ])
  func picturesAreThoseOfTheEncoder(name: String, poolings: [Pooling]) throws {
    let folder = try EncoderFolder(ReferenceEncoder.folder(name))
    let encoder = try PretrainedEncoder(folder.path)
    encoder.freeze()
    let files = ["rgb.png", "palette8.png", "rgb.png", "rgb.ppm"]
    for pooling in poolings {
      let found = try Self.rows(MediaFeatures(pictures: folder, pooling: pooling), files, PictureTests.folder)
      for (file, row) in zip(files, found) {
        let pixels = try PicturePreparation(folder)(Picture.read("\(PictureTests.folder)/\(file)"))
        let states = try encoder(pixels: pixels.unsqueezed(0), layer: -1)
        Self.expectEqual(row, try states.pooled(pooling), "\(pooling) of \(file)")
      }
    }
  }

  /// The default is the family's own vector, or the class token, or every step of sound.
  @Test func familiesHaveDefaults() throws {
    let defaults: [(String, Pooling, Int)] = [
      ("clip-picture", .embedding, 6), ("resnet-basic", .embedding, 12), ("vit", .first, 16), ("wavlm", .none, 16),
    ]
    for (name, pooling, width) in defaults {
      let folder = try EncoderFolder(ReferenceEncoder.folder(name))
      #expect(folder.pooling == pooling && folder.width == width, "\(name)")
    }
    let clip = try EncoderFolder(ReferenceEncoder.folder("clip-picture"))
    #expect(throws: Fault.self) { try MediaFeatures(pictures: clip, layer: 1, pooling: .embedding) }
    #expect(throws: Fault.self) { try MediaFeatures(pictures: clip, layer: 3) }
    #expect(throws: Fault.self) { try MediaFeatures(sound: clip) }
    #expect(throws: Fault.self) { try MediaFeatures(video: clip, pooling: .some(.none)) }
    #expect(try MediaFeatures(video: clip).record.rate == 5)
  }

  @Test(arguments: ["wav2vec2", "hubert", "wavlm-stable"], [Pooling.none, .mean])
  func soundIsThatOfTheEncoder(name: String, pooling: Pooling) throws {
    try withScratch { scratch in
      let samples = (0..<900).map { Float(sin(Double($0) * 0.1) * 0.5 + 0.1) }
      try SoundTests.write(samples, rate: 16_000, to: "\(scratch)/a.wav")
      try SoundTests.write(Array(samples.prefix(12)), rate: 16_000, to: "\(scratch)/short.wav")
      let folder = try EncoderFolder(ReferenceEncoder.folder(name))
      let extractor = try MediaFeatures(sound: folder, layer: 1, pooling: pooling)
      let found = try extractor.features(of: ["a.wav", "short.wav"], folder: scratch) { _, _ in }
      let sound = Tensor(try WaveFile.read("\(scratch)/a.wav", seconds: 30).samples)
      let normal = (sound - sound.mean()) / ((sound * sound).mean() - sound.mean() * sound.mean() + 1e-7).sqrt()
      let states = try PretrainedEncoder(folder.path)(waveform: normal.unsqueezed(0), layer: 1)
      Self.expectEqual(try found.read(0), try states.pooled(pooling, layer: 1), name)
      #expect(found.steps[1] == 0)
      #expect(found.notes == ["short.wav counts as missing: the sound is too short for the encoder: 12 samples"])
    }
  }

  @Test func soundIsNormalisedAsInTransformers() throws {
    let found = try WaveformPreparation(folder: "/nowhere")(PictureTests.reference("wave"))
    expectClose(found, try PictureTests.reference("wave.normalised"), relative: 1e-6, "normalised")
  }

  /// The rate of frames is followed, there are at most 64, and what is kept needs no weights.
  @Test(.enabled(if: PictureTests.hasFFmpeg, "ffmpeg is not installed")) func videosAreFrames() throws {
    try withScratch { scratch in
      // A film of grey frames at 25 a second, whose brightness is its time.
      let film = (0..<350).flatMap { frame in
        Array("P5 16 16 255\n".utf8) + [UInt8](repeating: UInt8(frame * 255 / 350), count: 256)
      }
      try Data(film).write(to: URL(fileURLWithPath: "\(scratch)/film.pgms"))
      try FFmpeg.run(
        ["-f", "image2pipe", "-c:v", "pgm", "-framerate", "25", "-i", "film.pgms", "-c:v", "ffv1", "a.mkv"], in: scratch
      )
      let folder = try EncoderFolder(ReferenceEncoder.folder("vit"))
      for (rate, frames) in [(nil, 64), (2.0, 28), (0.5, 7)] as [(Double?, Int)] {
        let extractor = try MediaFeatures(video: folder, rate: rate)
        let found = try extractor.features(of: ["a.mkv"], folder: scratch) { _, _ in }
        #expect(found.steps == [frames] && found.isSequence && found.width == 16)
      }
      let kept = try MediaFeatures(video: folder, rate: 2, cache: "\(scratch)/cache")
      let first = try Self.rows(kept, ["a.mkv"], scratch)[0]
      #expect(try Self.rows(kept, ["a.mkv"], scratch)[0] == first)
      // The frame of second 7 is frame 14 at this rate.
      var shown: [Picture] = []
      try MediaProgram.frames(of: "\(scratch)/a.mkv", rate: 2, most: 64) { shown.append($0) }
      #expect(abs(Int(shown[14].bytes[0]) - 175 * 255 / 350) <= 6, "\(shown[14].bytes[0])")
      let pixels = try PicturePreparation(folder)(shown[14])
      let expected = try PretrainedEncoder(folder.path)(pixels: pixels.unsqueezed(0)).pooled(.first)
      Self.expectEqual(Array(first[14 * 16..<15 * 16]), expected, "frame 14")
      // A film has no sound, and a sound no film.
      let silent = try MediaFeatures(.mfcc).features(of: ["a.mkv"], folder: scratch) { _, _ in }
      #expect(silent.notes == ["a.mkv counts as missing: the file has no sound"])
      try FFmpeg.run(["-f", "lavfi", "-i", "sine=duration=0.2", "a.wav"], in: scratch)
      let blind = try kept.features(of: ["a.wav"], folder: scratch) { _, _ in }
      #expect(blind.notes == ["a.wav counts as missing: the file has no picture"])
    }
  }
}

/// The program that makes films for tests.
enum FFmpeg {
  static func run(_ arguments: [String], in folder: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["ffmpeg", "-nostdin", "-v", "error", "-y"] + arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }
}
