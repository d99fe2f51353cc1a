import Foundation
import Polyphony
import PolyphonyConversion

/// The frames of sound files: log-mel energies or cepstral coefficients.
///
/// WAVE files are read here, and other media by ffmpeg. Only the first half minute of a file counts, so a file of hours
/// needs no more memory. A file that cannot be read, one without sound and silence have no steps.
public struct SoundFeatures: FeatureExtractor {
  /// The most seconds of a file.
  static let seconds = 30.0
  /// A file whose samples are all below this is silent: −80 dB of full scale.
  static let silence: Float = 1e-4

  /// Sound.
  public let content = RawContent.audio
  /// The front end with its pooling.
  public let record: EncoderRecord
  private let spectrum: MelSpectrum
  private let pooling: Pooling
  private let cache: String?

  /// Describes the frames of a front end.
  /// - Parameters:
  ///   - spectrum: the numbers of a frame.
  ///   - pooling: the way from frames to a file. By default every frame stays.
  ///   - cache: a folder that keeps features from one run to the next. By default none is kept.
  public init(_ spectrum: MelSpectrum, pooling: Pooling? = nil, cache: String? = nil) {
    (self.spectrum, self.pooling, self.cache) = (spectrum, pooling ?? .none, cache)
    record = EncoderRecord(
      content: content.rawValue, family: spectrum.rawValue, sha256: FileHash.sha256(spectrum.definition.utf8),
      layer: -1, pooling: self.pooling.rawValue, longest: Int(Self.seconds) * MelSpectrum.rate / MelSpectrum.hop)
  }

  /// Computes the frames of files, apart from those that are kept.
  /// - Throws: `Fault` if features cannot be kept.
  public func features(
    of inputs: [String], folder: String, progress: (Int, Int) -> Void
  ) throws(Fault) -> ExtractedFeatures {
    let kept = try FeatureCache(folder: cache, for: record)
    var keys: [String?] = []
    var reasons: [String: String] = [:]
    var done = 0
    for input in inputs {
      let path = input.hasPrefix("/") ? input : "\(folder)/\(input)"
      do throws(Fault) {
        guard !input.isEmpty else { throw Fault(.missingInput, "a cell names no file") }
        let key = try FileHash.sha256(of: path)
        if kept.steps(of: key) == nil {
          try kept.append([(key, try numbers(of: path))], width: spectrum.width)
        }
        keys.append(key)
      } catch {
        guard error.kind != .cannotWrite else { throw error }
        keys.append(nil)
        reasons[input] = [error.problem, error.found].compactMap(\.self).joined(separator: ": ")
      }
      done += 1
      progress(done, inputs.count)
    }
    let steps = keys.map { key in key.flatMap { kept.steps(of: $0) } ?? 0 }
    let notes = reasons.sorted { $0.key < $1.key }.prefix(3).map { "\($0.key) cannot be read: \($0.value)" }
    return ExtractedFeatures(
      width: spectrum.width, isSequence: pooling == .none, steps: steps, notes: notes
    ) { (input) throws(Fault) in try keys[input].map { (key) throws(Fault) in try kept.numbers(of: key) } ?? [] }
  }

  /// Computes the numbers of a file. They are none for silence.
  private func numbers(of path: String) throws(Fault) -> [Float] {
    let sound = try SoundFile.read(path, rate: MelSpectrum.rate, seconds: Self.seconds)
    guard sound.samples.contains(where: { abs($0) >= Self.silence }) else { return [] }
    let frames = spectrum.frames(of: sound.samples).slice(0, 0, record.longest)
    switch pooling {
    case .none: return frames.floats
    case .mean: return frames.mean(0).floats
    case .first: return frames.select(0, 0).floats
    }
  }
}

/// The reading of sound in any form.
enum SoundFile {
  /// Reads the beginning of a file at a rate: WAVE here, anything else by ffmpeg.
  /// - Throws: `Fault` for a file that cannot be read.
  static func read(_ path: String, rate: Int, seconds: Double) throws(Fault) -> Sound {
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw Fault(.missingInput, "the file is not there or cannot be read", file: path)
    }
    let beginning = (try? handle.read(upToCount: 12)) ?? Data()
    try? handle.close()
    guard WaveFile.isOne(beginning) else { return try MediaProgram.sound(of: path, rate: rate, seconds: seconds) }
    return try WaveFile.read(path, seconds: seconds).resampled(to: rate)
  }
}
