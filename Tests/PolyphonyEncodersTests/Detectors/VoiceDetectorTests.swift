import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonyEncoders

/// Silero's network beside PyTorch's layers, and what follows from its probabilities.
@Suite struct VoiceDetectorTests {
  private static let published = ProcessInfo.processInfo.environment["POLYPHONY_SILERO"]

  private static func expectClose(_ found: [Float], _ name: String) throws {
    let expected = try #require(DetectorFixtures.reference()[name]).elements.compactMap(\.finite)
    let worst = zip(found, expected).map { abs(Double($0) - $1) }.max() ?? 1
    #expect(found.count == expected.count && worst < 1e-5, "\(name): off by \(worst)")
  }

  @Test func probabilitiesAreThoseOfPyTorch() throws {
    try withScratch { scratch in
      let folder = try DetectorFixtures.folder(.silero, "", DetectorFixtures.voiceShapes, in: "\(scratch)/silero")
      let detector = try VoiceDetector(folder)
      let sound = DetectorFixtures.voice(8000)
      try Self.expectClose(detector.probabilities(of: Array(sound.prefix(2300))), "voice")
      #expect(detector.probabilities(of: []) == [])
      // A block knows what came before it, and not what comes after it.
      let longer = detector.probabilities(of: sound)
      #expect(Array(longer.prefix(4)) == detector.probabilities(of: Array(sound.prefix(2048))))
    }
  }

  @Test(.enabled(if: published != nil, "POLYPHONY_SILERO names no folder with Silero's voice detector"))
  func publishedWeightsAgree() throws {
    let detector = try VoiceDetector(DetectorFolder(try #require(Self.published)))
    try Self.expectClose(detector.probabilities(of: DetectorFixtures.voice(8000)), "silero")
    try detector.check(Sound(samples: DetectorFixtures.voice(8000), rate: 16_000), "voice.wav")
    let tone = (0..<16_000).map { Float(sin(Double($0) * 0.2)) }
    let fault = #expect(throws: Fault.self) { try detector.check(Sound(samples: tone, rate: 16_000), "tone.wav") }
    #expect(fault?.problem == "the sound has no speech")
  }

  /// The threshold of `config.json` decides. The record names the detector, and another threshold is another detector.
  @Test func aSoundWithoutSpeechIsMissing() throws {
    try withScratch { scratch in
      try SoundTests.write(DetectorFixtures.voice(2300), rate: 16_000, to: "\(scratch)/a.wav")
      var records: [EncoderRecord] = []
      for (threshold, steps) in [(0.54, 15), (0.7, 0)] {
        let place = "\(scratch)/\(threshold)"
        let folder = try DetectorFixtures.folder(
          .silero, ", \"threshold\": \(threshold)", DetectorFixtures.voiceShapes, in: place)
        let extractor = try MediaFeatures(.logmel, detector: folder, cache: "\(scratch)/cache")
        let found = try extractor.features(of: ["a.wav"], folder: scratch) { _, _ in }
        #expect(found.steps == [steps], "\(found.steps)")
        #expect(found.notes == (steps == 0 ? ["a.wav counts as missing: the sound has no speech"] : []))
        records.append(extractor.record)
      }
      #expect(records[0].detector?.family == "silero_vad" && !records[0].computesLike(records[1]))
      // Features that are kept without a detector belong to no detector.
      let free = try MediaFeatures(.logmel, cache: "\(scratch)/cache")
      #expect(try free.features(of: ["a.wav"], folder: scratch) { _, _ in }.steps == [15])
      #expect(try FileManager.default.contentsOfDirectory(atPath: "\(scratch)/cache").count == 3)
    }
  }

  /// A model names its detector, and takes no other one.
  @Test func anotherDetectorIsRefused() throws {
    try withScratch { scratch in
      let place = "\(scratch)/silero"
      let folder = try DetectorFixtures.folder(.silero, "", DetectorFixtures.voiceShapes, in: place)
      var modality = Modality.vector("sound", features: 80)
      modality.encoder = try MediaFeatures(.logmel, pooling: .mean, detector: folder).record
      let configuration = ModelConfiguration(
        architecture: "late_fusion", modalities: [modality], task: PredictionTask(kind: .regression))
      #expect(try EncoderChoice.extractors(for: configuration)["sound"]?.record == modality.encoder)
      let moved = "\(scratch)/moved"
      try FileManager.default.moveItem(atPath: place, toPath: moved)
      let gone = #expect(throws: Fault.self) { try EncoderChoice.extractors(for: configuration) }
      #expect(gone?.kind == .missingInput && gone?.remedy == "say where it is: --detect sound=FOLDER")
      #expect(try EncoderChoice.extractors(for: configuration, detectors: ["sound=\(moved)"]).count == 1)
      try "{\"model_type\": \"silero_vad\", \"threshold\": 0.9}".write(
        toFile: "\(moved)/config.json", atomically: true, encoding: .utf8)
      let other = #expect(throws: Fault.self) {
        try EncoderChoice.extractors(for: configuration, detectors: ["sound=\(moved)"])
      }
      #expect(other?.problem == "this is another detector than that of the training" && other?.kind == .badData)
      modality.encoder?.detector = nil
      let without = ModelConfiguration(
        architecture: "late_fusion", modalities: [modality], task: PredictionTask(kind: .regression))
      let surplus = #expect(throws: Fault.self) {
        try EncoderChoice.extractors(for: without, detectors: ["sound=\(moved)"])
      }
      #expect(surplus?.kind == .usage && surplus?.problem == "the model has no detector for this modality")
    }
  }

  @Test func refusesWhatIsNoVoiceDetector() throws {
    try withScratch { scratch in
      let shapes = DetectorFixtures.voiceShapes
      let cut = try DetectorFixtures.folder(.silero, "", Array(shapes.dropLast()), in: "\(scratch)/cut")
      #expect(throws: Fault.self) { try VoiceDetector(cut) }
      let loud = try DetectorFixtures.folder(.silero, ", \"threshold\": 2", shapes, in: "\(scratch)/loud")
      #expect(throws: Fault.self) { try VoiceDetector(loud) }
      #expect(throws: Fault.self) { try DetectorFolder(ReferenceEncoder.folder("bert")) }
      #expect(throws: Fault.self) { try DetectorFolder("/nowhere") }
      #expect(try !DetectorFolder.isOne(ReferenceEncoder.folder("bert")) && DetectorFolder.isOne(cut.path))
    }
  }
}
