import Foundation
import Torch

/// The logs of a training or tuning: `metrics.jsonl`, and event files for TensorBoard.
public enum RunLogs {
  /// Makes the observers that write into a run's folder.
  public static func observers(_ folder: RunFolder) throws(Fault) -> [any TrainingObserver] { [LogObserver(folder)] }
}

/// Writes every epoch's numbers. A resumed run first drops the lines and events that are newer than its checkpoint.
private final class LogObserver: TrainingObserver {
  private let folder: RunFolder
  private var metrics: MetricsLog?
  private var events: TensorBoardWriter?

  init(_ folder: RunFolder) { self.folder = folder }

  func willStart(completedEpochs: Int, step: Int) throws(Fault) {
    let log = try MetricsLog(path: folder.metrics)
    try log.truncate(after: completedEpochs == 0 ? nil : .init(epoch: completedEpochs, step: step))
    metrics = log
    events = try TensorBoardWriter(folder: folder.path, resumingAfter: completedEpochs == 0 ? nil : step)
  }

  func didEndEpoch(_ record: EpochRecord) throws(Fault) {
    try metrics?.append(record.values, split: "epoch", at: .init(epoch: record.epoch, step: record.step))
    try metrics?.flush()
    try events?.add(record.values, step: record.step)
    try events?.flush()
  }
}
