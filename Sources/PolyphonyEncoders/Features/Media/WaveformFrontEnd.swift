import Foundation
import Polyphony
import PolyphonyConversion
import Torch

/// The states of an encoder of sound, such as wav2vec 2.0.
struct WaveformFrontEnd: MediaFrontEnd {
  let record: EncoderRecord
  let width: Int
  /// One file: the norms of some encoders reach over padding too.
  let batch = 1
  var isSequence: Bool { pooling == .none }
  private let folder: EncoderFolder
  private let pooling: Pooling
  private let preparation: WaveformPreparation
  private let detector: DetectorFolder?

  init(_ folder: EncoderFolder, layer: Int, pooling: Pooling?, _ detector: DetectorFolder?) throws(Fault) {
    (self.folder, self.detector) = (folder, detector)
    self.pooling = pooling ?? folder.pooling
    try folder.check(.waveform, "sound", layer: layer, self.pooling)
    width = folder.width
    preparation = try WaveformPreparation(folder: folder.path)
    record = try folder.record(
      .audio, layer: layer, pooling: self.pooling, longest: Int(SoundFile.seconds) * preparation.rate,
      rate: Double(preparation.rate), detector: detector)
  }

  func reading() throws(Fault) -> (String) throws(Fault) -> Tensor {
    let read = try SoundFile.reading(detector, rate: preparation.rate)
    return { (path) throws(Fault) in preparation(Tensor(try read(path))) }
  }

  func computation() throws(Fault) -> ([Tensor]) throws(Fault) -> [Tensor] {
    try folder.pooledStates(pooling, layer: record.layer) { (encoder, waveform) throws(Fault) in
      try encoder(waveform: waveform, layer: record.layer)
    }
  }
}

/// The preparation of sound in `preprocessor_config.json`: the rate, and whether the sound is normalised.
struct WaveformPreparation: Sendable {
  /// The samples in a second.
  let rate: Int
  private let isNormalised: Bool

  /// Reads the file. Without it, these are the defaults of transformers' Wav2Vec2FeatureExtractor.
  /// - Throws: `Fault(.badData)` for a broken file.
  init(folder: String) throws(Fault) { try self.init(ConfigurationReader(preparationOf: folder)) }

  /// Reads the content of the file, if there is one.
  /// - Throws: `Fault(.badData)` for a value that makes no sense.
  init(_ file: ConfigurationReader?) throws(Fault) {
    guard let file else {
      (rate, isNormalised) = (16_000, true)
      return
    }
    rate = try file.integer("sampling_rate", 1000...192_000, default: 16_000)
    isNormalised = try file.flag("do_normalize", default: true)
  }

  /// The preparation in words.
  var summary: String { "\(rate) samples a second" + (isNormalised ? ", normalised" : "") }

  /// Returns (x − mean) / √(variance + 10⁻⁷) of each sound `[…, samples]`, or the sounds as they are.
  func callAsFunction(_ sound: Tensor) -> Tensor {
    guard isNormalised else { return sound }
    let centred = sound - sound.mean(-1, keep: true)
    return centred / ((centred * centred).mean(-1, keep: true) + 1e-7).sqrt()
  }
}

extension MediaFeatures {
  /// Describes the features of an encoder of sound: wav2vec 2.0, HuBERT or WavLM.
  /// - Parameters:
  ///   - folder: the encoder's folder.
  ///   - layer: the layer whose states are the features. −1 is the last one.
  ///   - pooling: the way from steps to a file. By default every step stays.
  ///   - detector: a detector of speech. A sound without speech is then missing.
  ///   - cache: a folder that keeps features from one run to the next. By default none is kept.
  /// - Throws: `Fault` for a folder that is no encoder of sound, for a layer that it does not have, and for a detector of
  ///   faces.
  public init(
    sound folder: EncoderFolder, layer: Int = -1, pooling: Pooling? = nil, detector: DetectorFolder? = nil,
    cache: String? = nil
  ) throws(Fault) {
    self.init(try WaveformFrontEnd(folder, layer: layer, pooling: pooling, detector), .audio, cache: cache)
  }
}
