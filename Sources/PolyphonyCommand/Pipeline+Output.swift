import ArgumentParser
import OrderedCollections
import Polyphony
import PolyphonyReports
import Torch

/// The shared output of `run`, `compare` and `demo`.
extension Pipeline {
  /// Writes the results. After the user's stop it prints how to continue and exits with 130.
  func keep(_ outcome: PipelineOutcome, in output: String, by printer: ResultsOutput) throws {
    guard !outcome.wasStopped else { throw StoppedRun.exit(option: nil) }
    let data = OrderedSet(recipe.plans.map(\.data.path))
    try printer.write(outcome.results, to: output, data: Array(data), device: device)
  }
}

extension Report {
  /// Writes the page and the tables of a comparison into its folder.
  static func leave(in output: String) throws -> Report {
    let report = try Report(folder: output)
    try report.tables?.write(to: output)
    try report.write(to: report.standardFile)
    return report
  }
}
