import Torch

/// The logs of an adaptation: `metrics.jsonl`, and event files for TensorBoard.
public enum AdaptationLogs {
  /// Makes the observer that writes into a run's folder.
  public static func observer(_ folder: RunFolder, isOnline: Bool) throws(Fault) -> any AdaptationObserver {
    AdaptationLog(folder, isOnline: isOnline)
  }
}

/// Writes the numbers of every epoch, or batch of a stream, and every return from a collapse.
///
/// A resumed run first drops the lines and events that are newer than its checkpoint.
private final class AdaptationLog: AdaptationObserver {
  private let folder: RunFolder
  private let isOnline: Bool
  private var metrics: MetricsLog?
  private var events: TensorBoardWriter?

  init(_ folder: RunFolder, isOnline: Bool) { (self.folder, self.isOnline) = (folder, isOnline) }

  func willStart(_ method: String, completedEpochs: Int, step: Int, notes: [String]) throws(Fault) {
    let log = try MetricsLog(path: folder.metrics)
    // All batches of a stream belong to one epoch.
    try log.truncate(after: step == 0 ? nil : .init(epoch: isOnline ? 1 : completedEpochs, step: step))
    metrics = log
    events = try TensorBoardWriter(folder: folder.path, resumingAfter: step == 0 ? nil : step)
  }

  func didEnd(_ record: AdaptationRecord) throws(Fault) {
    try write(record.values, record.stage, epoch: record.epoch, step: record.step)
  }

  func didReturn(_ report: CollapseRecord) throws(Fault) {
    let values: MetricValues = ["guard/\(report.measure.rawValue)": report.value, "guard/bound": report.bound]
    try write(values, "guard", epoch: report.epoch, step: report.step)
  }

  private func write(_ values: MetricValues, _ part: String, epoch: Int, step: Int) throws(Fault) {
    try metrics?.append(values, split: part, at: .init(epoch: epoch, step: step))
    try metrics?.flush()
    try events?.add(values, step: step)
    try events?.flush()
  }
}
