import Foundation
import Polyphony
import PolyphonyConversion
import Torch

/// The frames of sound: log-mel energies or cepstral coefficients.
struct SpectrumFrontEnd: MediaFrontEnd {
  let record: EncoderRecord
  let batch = 1
  var width: Int { spectrum.width }
  var isSequence: Bool { pooling == .none }
  private let spectrum: MelSpectrum
  private let pooling: Pooling
  private let detector: DetectorFolder?

  init(_ spectrum: MelSpectrum, pooling: Pooling?, _ detector: DetectorFolder?) throws(Fault) {
    (self.spectrum, self.pooling, self.detector) = (spectrum, pooling ?? .none, detector)
    guard self.pooling != .embedding else {
      throw Fault(
        .usage, "this front end has no vector of its own", key: "--pooling", found: "embedding",
        expected: "none, mean or first")
    }
    record = EncoderRecord(
      content: RawContent.audio.rawValue, family: spectrum.rawValue,
      sha256: FileHash.sha256(spectrum.definition.utf8), layer: -1, pooling: self.pooling.rawValue,
      longest: Int(SoundFile.seconds) * MelSpectrum.rate / MelSpectrum.hop,
      detector: try detector?.record(for: .audio))
  }

  func reading() throws(Fault) -> (String) throws(Fault) -> Tensor {
    let read = try SoundFile.reading(detector, rate: MelSpectrum.rate)
    return { (path) throws(Fault) in Tensor(try read(path)) }
  }

  func computation() throws(Fault) -> ([Tensor]) throws(Fault) -> [Tensor] {
    { sounds in
      sounds.map { sound in
        let frames = spectrum.frames(of: sound.floats).slice(0, 0, record.longest)
        switch pooling {
        case .mean: return frames.mean(0)
        case .first: return frames.select(0, 0)
        default: return frames
        }
      }
    }
  }
}

extension MediaFeatures {
  /// Describes the frames of a front end of sound.
  /// - Parameters:
  ///   - spectrum: the numbers of a frame.
  ///   - pooling: the way from frames to a file. By default every frame stays.
  ///   - detector: a detector of speech. A sound without speech is then missing.
  ///   - cache: a folder that keeps features from one run to the next. By default none is kept.
  /// - Throws: `Fault(.usage)` for an embedding, which no front end has, and for a detector of faces.
  public init(
    _ spectrum: MelSpectrum, pooling: Pooling? = nil, detector: DetectorFolder? = nil, cache: String? = nil
  ) throws(Fault) {
    self.init(try SpectrumFrontEnd(spectrum, pooling: pooling, detector), .audio, cache: cache)
  }
}
