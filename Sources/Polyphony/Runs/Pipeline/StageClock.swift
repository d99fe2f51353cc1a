import Foundation
import Torch

/// Counts the seconds of a stage over all attempts. It writes them after each epoch, so that a killed attempt counts
/// too.
final class StageClock: TrainingObserver, AdaptationObserver {
  static let file = "seconds"

  private let file: String
  private let earlier: Double
  private let start = ContinuousClock.now
  private var noted = ContinuousClock.now

  init(_ folder: String) {
    file = "\(folder)/\(Self.file)"
    earlier = (try? String(contentsOfFile: file, encoding: .utf8)).flatMap { Double($0) } ?? 0
  }

  /// The seconds so far.
  var seconds: Double { earlier + start.duration(to: .now).inSeconds }

  func didEndEpoch(_ record: EpochRecord) throws(Fault) { try note() }

  func didEnd(_ record: AdaptationRecord) throws(Fault) { try note() }

  /// Writes the seconds at most once a second, because an epoch or a batch of a stream may take less time than the
  /// file.
  private func note() throws(Fault) {
    guard noted.duration(to: .now) > .seconds(1) else { return }
    noted = .now
    try AtomicFile.write("\(seconds)", to: file)
  }
}
