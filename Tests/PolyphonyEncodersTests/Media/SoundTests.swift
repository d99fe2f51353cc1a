import Foundation
import Polyphony
import PolyphonyConversion
import Testing
import Torch

@testable import PolyphonyEncoders

/// Sound files and their frames, beside reference numbers of NumPy.
@Suite struct SoundTests {
  private static func sound(_ count: Int, rate: Double) -> [Float] {
    (0..<count).map { index in
      let i = Double(index)
      return Float(
        0.5 * sin(2 * .pi * 440 * i / rate) + 0.25 * sin(2 * .pi * 3000 * i / rate + 1)
          + 0.1 * (Double(index * 7919 % 1000) / 500 - 1))
    }
  }

  private static func reference(_ name: String) throws -> [Double] {
    let path = try #require(Bundle.module.path(forResource: "sound", ofType: "json", inDirectory: "Fixtures"))
    let document = try OrderedJSON(parsing: String(contentsOfFile: path, encoding: .utf8))
    return try #require(document[name]).elements.compactMap(\.finite)
  }

  private static func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sound-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  /// A WAVE file of one or two equal channels.
  private static func wave(_ samples: [Float], rate: Int, bits: Int, isFloat: Bool = false, channels: Int = 1)
    -> [UInt8]
  {
    func number(_ value: Int, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
    var data: [UInt8] = []
    for sample in samples {
      for _ in 0..<channels {
        switch (isFloat, bits) {
        case (true, 32): data += number(Int(sample.bitPattern), 4)
        case (true, _): data += number(Int(bitPattern: UInt(Double(sample).bitPattern)), 8)
        case (_, 8): data += number(Int((sample * 128).rounded()) + 128, 1)
        default: data += number(Int((Double(sample) * pow(2, Double(bits - 1))).rounded()), bits / 8)
        }
      }
    }
    let size = channels * bits / 8
    let form =
      number(isFloat ? 3 : 1, 2) + number(channels, 2) + number(rate, 4) + number(rate * size, 4) + number(size, 2)
      + number(bits, 2)
    let chunks =
      Array("WAVEfmt ".utf8) + number(16, 4) + form + Array("LIST".utf8) + number(3, 4) + [1, 2, 3, 0]
      + Array("data".utf8) + number(data.count, 4) + data
    return Array("RIFF".utf8) + number(chunks.count, 4) + chunks
  }

  /// Writes a WAVE file of 16 bits.
  static func write(_ samples: [Float], rate: Int, to path: String) throws {
    try Data(wave(samples, rate: rate, bits: 16)).write(to: URL(fileURLWithPath: path))
  }

  @Test(arguments: MelSpectrum.allCases)
  func framesAreTorchaudios(spectrum: MelSpectrum) throws {
    let frames = spectrum.frames(of: Self.sound(1234, rate: 16_000))
    let expected = try Self.reference(spectrum.rawValue)
    #expect(frames.shape == [8, spectrum.width])
    #expect(expected.count == frames.count)
    let largest = expected.map(abs).max() ?? 1
    #expect(zip(frames.floats, expected).allSatisfy { abs(Double($0) - $1) < 1e-4 * max(1, largest / 10) })
  }

  @Test func resamplingIsTorchaudios() throws {
    let found = Sound(samples: Self.sound(700, rate: 22_050), rate: 22_050).resampled(to: 16_000)
    let expected = try Self.reference("resampled")
    #expect(found.samples.count == expected.count && found.rate == 16_000)
    #expect(zip(found.samples, expected).allSatisfy { abs(Double($0) - $1) < 1e-4 })
  }

  @Test(arguments: [(8, false), (16, false), (24, false), (32, false), (32, true), (64, true)], [1, 2])
  func readsWaves(form: (bits: Int, isFloat: Bool), channels: Int) throws {
    try Self.withFolder { folder in
      let samples = Self.sound(300, rate: 8000).map { $0 * 0.9 }
      let bytes = Self.wave(samples, rate: 8000, bits: form.bits, isFloat: form.isFloat, channels: channels)
      try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/a.wav"))
      let read = try WaveFile.read("\(folder)/a.wav", seconds: 30)
      let tolerance: Float = form.bits == 8 ? 0.005 : form.bits == 16 ? 2e-5 : 1e-6
      #expect(read.rate == 8000 && read.samples.count == 300)
      #expect(zip(read.samples, samples).allSatisfy { abs($0 - $1) <= tolerance })
      #expect(try WaveFile.read("\(folder)/a.wav", seconds: 0.01).samples.count == 80)
    }
  }

  /// Broken files are faults, silence and unreadable files are missing, and no file ends the program.
  @Test func brokenSoundIsMissing() throws {
    try Self.withFolder { folder in
      let whole = Self.wave(Self.sound(2000, rate: 16_000), rate: 16_000, bits: 16)
      var files: [String: [UInt8]] = ["whole.wav": whole, "empty.wav": []]
      files["silent.wav"] = Self.wave([Float](repeating: 0, count: 2000), rate: 16_000, bits: 16)
      files["none.wav"] = Self.wave([], rate: 16_000, bits: 16)
      // A file that does not begin like a WAVE file is one for ffmpeg.
      let cuts = PictureTests.hasFFmpeg ? [5, 13, 30, 40] : [13, 30, 40]
      for cut in cuts { files["cut\(cut).wav"] = Array(whole.prefix(cut)) }
      for (place, value) in [(20, 7), (22, 0), (34, 13), (16, 255), (40, 255)] as [(Int, UInt8)] {
        var changed = whole
        changed[place] = value
        files["changed\(place).wav"] = changed
      }
      for (name, bytes) in files { try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)")) }
      let names = files.keys.sorted() + ["absent.wav", ""]
      let found = try MediaFeatures(.mfcc).features(of: names, folder: folder) { _, _ in }
      let steps = Dictionary(uniqueKeysWithValues: zip(names, found.steps))
      #expect(steps["whole.wav"] == 13 && steps["silent.wav"] == 0 && steps["none.wav"] == 0)
      #expect(steps["empty.wav"] == 0 && steps["absent.wav"] == 0 && steps[""] == 0 && steps["cut30.wav"] == 0)
      #expect(found.notes.count == 3)
      #expect(try found.read(try #require(names.firstIndex(of: "whole.wav"))).count == 13 * 20)
    }
  }
}
