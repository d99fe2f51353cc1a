import Polyphony

/// A run whose folder lies in what is reported: training, tuning or adapting one method with one seed.
struct ReportStage: Sendable {
  /// `train`, `tune`, `adapt`.
  var kind: String
  /// The method, as the page calls it.
  var method: String
  /// The data set, if there are several.
  var data: String?
  /// The seed, if it is known.
  var seed: Int?
  /// The folder, relative to the report's; empty for that itself.
  var folder: String
  /// What it logged.
  var records: ReportRecords
}
