import Foundation
import Polyphony

/// A run in the reported folder: training, tuning or adapting one method with one seed.
struct ReportStage: Sendable {
  /// The kind of run: `train`, `tune` or `adapt`.
  var kind: String
  /// The method's name on the page.
  var method: String
  /// The data set's name, if there are several.
  var data: String?
  /// The seed, if it is known.
  var seed: Int?
  /// The folder, relative to the report's. It is empty for the report's folder itself.
  var folder: String
  /// The records of the run's log.
  var records: ReportRecords
  /// The epoch that the validation split chose, counted from 1. Nil without a checkpoint of a training.
  var chosen: Int?

  /// Reads the log and the checkpoint of a run.
  /// - Parameter root: the report's folder.
  init(kind: String, method: String, data: String?, seed: Int?, folder: String, in root: String) {
    (self.kind, self.method, self.data, self.seed, self.folder) = (kind, method, data, seed, folder)
    let path = folder.isEmpty ? root : "\(root)/\(folder)"
    records = ReportRecords(path: "\(path)/metrics.jsonl")
    if let bytes = FileManager.default.contents(atPath: "\(path)/checkpoint/state.json"),
      let state = try? OrderedJSON(parsing: String(decoding: bytes, as: UTF8.self)),
      case .integer(let epoch)? = state["bestEpoch"], epoch > 0
    {
      chosen = epoch
    }
  }
}
