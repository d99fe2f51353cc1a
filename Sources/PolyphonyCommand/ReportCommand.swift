import ArgumentParser
import Foundation
import Polyphony
import PolyphonyReports
import Torch

/// The command `polyphony report`.
struct ReportCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write what a run, sweep or comparison found as one HTML file, with tests of what differs.",
    discussion: """
      FOLDER is what --output was given to train, tune, adapt, evaluate, transfer or compare; a results document by \
      itself does too. The file opens without a network, on a telephone, in light and dark, and on paper.

      Methods are compared to a reference seed by seed: paired t-tests with Holm's correction.

      Example: polyphony report runs/tuned --reference zero_fill --tables
      """)

  @Argument(help: ArgumentHelp("The folder.", valueName: "folder"), completion: .directory)
  var folder: String

  @Option(
    help: ArgumentHelp("Where the report goes; FOLDER/report.html without it.", valueName: "file.html"),
    completion: .file(extensions: ["html"]))
  var output: String?

  @Option(
    help: ArgumentHelp("The method that others are compared to; the first without it.", valueName: "name"),
    completion: Completions.methods)
  var reference: String?

  @Option(
    help: ArgumentHelp("The metric that the report is about; the task's own without it.", valueName: "name"),
    completion: Completions.metrics)
  var metric: String?

  @Flag(help: "Also writes table.csv, table.md and table.tex beside the report, to paste into a paper.")
  var tables = false

  /// The files that the report may read: all but the pages, tables and drawings of earlier reports.
  var inputs: [CommandInput] {
    guard output != nil else { return [] }
    let files = (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []
    let sources = files.filter { !["html", "csv", "md", "tex", "svg"].contains(($0 as NSString).pathExtension) }
    return [.file(folder)] + sources.map { .file("\(folder)/\($0)") }
  }

  func execute() throws {
    let report = try Report(folder: folder, metric: metric, reference: reference)
    let file = output ?? report.standardFile
    let isStream = AtomicFile.isStream(file)
    // The tables come first, since their names may be taken.
    if tables {
      guard let found = report.tables else {
        throw Fault(
          .missingInput, "there are no results to make tables of", file: folder, expected: "results.json with metrics",
          remedy: "leave --tables out, or wait until the run has come to its end")
      }
      try found.write(to: (isStream ? report.standardFile : file).parentFolder)
    }
    try report.write(to: file)
    // A page that goes through standard output is all that is to be there.
    if !isStream { try StandardOutput.print(file) }
  }
}
