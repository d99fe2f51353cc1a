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
}
