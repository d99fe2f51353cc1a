import Foundation
import Polyphony

/// The reading of sound in any form.
///
/// Only the first half minute of a file counts, so a file of hours needs no more memory.
enum SoundFile {
  /// The most seconds of a file.
  static let seconds = 30.0
  /// A file whose samples are all below this is silent: −80 dB of full scale.
  static let silence: Float = 1e-4

  /// Reads the beginning of a file at a rate: WAVE here, anything else by ffmpeg, which takes the sound of a video too.
  /// - Parameter voice: a detector of speech, if only sounds with speech count.
  /// - Throws: `Fault` for a file that cannot be read, for silence, and for a sound without the wanted speech.
  static func audible(_ path: String, rate: Int, voice: VoiceDetector? = nil) throws(Fault) -> Sound {
    let isWave = WaveFile.isOne(try MediaFile.beginning(of: path, count: 12))
    let sound =
      isWave
      ? try WaveFile.read(path, seconds: seconds).resampled(to: rate)
      : try MediaProgram.sound(of: path, rate: rate, seconds: seconds)
    guard sound.samples.contains(where: { abs($0) >= silence }) else {
      throw Fault(
        .badData, sound.samples.isEmpty ? "the file has no samples" : "the sound is silent", file: path)
    }
    try voice?.check(sound, path)
    return sound
  }

  /// Prepares the reading of files at a rate, of which only those with speech count if there is a detector.
  /// - Returns: A function from a path to the samples, with the errors of ``audible(_:rate:voice:)``.
  /// - Throws: `Fault` for a detector that cannot be read.
  static func reading(
    _ detector: DetectorFolder?, rate: Int
  ) throws(Fault) -> (_ path: String) throws(Fault) -> [Float] {
    let voice = try detector.map { (folder) throws(Fault) in try VoiceDetector(folder) }
    return { (path) throws(Fault) in try audible(path, rate: rate, voice: voice).samples }
  }
}
