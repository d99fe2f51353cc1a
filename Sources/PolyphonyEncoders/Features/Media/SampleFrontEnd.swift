import Foundation
import Polyphony
import PolyphonyConversion
import Torch

/// The samples of sounds at the rate of an encoder inside a model. The encoder's weights are not read.
struct SampleFrontEnd: MediaFrontEnd {
  let record: EncoderRecord
  let width = 1
  let batch = 1
  let isSequence = true
  private let rate: Int
  /// The fewest samples that the encoder can read.
  private let least: Int
  private let detector: DetectorFolder?

  init(_ folder: EncoderFolder, _ detector: DetectorFolder?) throws(Fault) {
    try folder.check(.waveform, "sound", layer: -1, .none)
    self.detector = detector
    rate = try WaveformPreparation(folder: folder.path).rate
    least = folder.leastSamples ?? 1
    record = try folder.record(
      .audio, longest: Int(SoundFile.seconds) * rate, rate: Double(rate), detector: detector)
  }

  func rawModality(_ name: String, length: Int) -> Modality? {
    .waveform(name, length: length, sampleRate: rate, encoder: record)
  }

  /// Prepares the reading of files as whole numbers, −32768 to 32767 for −1 to 1. A WAVE file of 16 bits keeps its own.
  func reading() throws(Fault) -> (String) throws(Fault) -> Tensor {
    let read = try SoundFile.reading(detector, rate: rate)
    return { (path) throws(Fault) in
      let samples = try read(path).prefix(record.longest ?? .max)
      guard samples.count >= least else { throw SoundEncoder.tooShort(samples.count, least: least) }
      return (Tensor(Array(samples)) * 32_768).rounded().clamped(-32_768, 32_767).unsqueezed(1)
    }
  }

  func computation() throws(Fault) -> ([Tensor]) throws(Fault) -> [Tensor] { { $0 } }
}

extension MediaFeatures {
  /// Describes sounds for an encoder inside a model.
  /// - Parameters:
  ///   - folder: the encoder's folder.
  ///   - detector: a detector of speech. A sound without speech is then missing.
  ///   - cache: a folder that keeps sounds from one run to the next. By default none is kept.
  /// - Throws: `Fault` for a folder that is no encoder of sound, and for a detector of faces.
  public init(waveform folder: EncoderFolder, detector: DetectorFolder? = nil, cache: String? = nil) throws(Fault) {
    self.init(try SampleFrontEnd(folder, detector), .audio, cache: cache)
  }
}
