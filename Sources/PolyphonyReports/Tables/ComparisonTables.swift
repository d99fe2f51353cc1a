import Foundation
import Polyphony
import PolyphonyPresentation

/// The tables of a comparison in a paper's form: one per metric, the principal metric first.
///
/// The best score is bold, and scores that differ significantly from the reference are marked. With a single condition
/// a table has methods as rows, and differences, p-values and costs as columns. A table of all metrics follows. With up
/// to eight conditions a table has a column for each, and with more it has a row for each. The CSV is in long form for
/// other programs: a line per condition, method and metric, with every computed number.
///
/// ```swift
/// if let tables = try Report(folder: "runs/comparison", metric: "accuracy").tables {
///   print(tables.markdown)
///   try tables.write(to: "paper/tables")
/// }
/// ```
public struct ComparisonTables: Sendable {
  /// The comparison on each metric, the principal metric first.
  public let comparisons: [MethodComparison]

  /// Compares the rows of a document.
  ///
  /// - Parameters:
  ///   - document: the results.
  ///   - metric: the principal metric. The default is the task's own.
  ///   - reference: the method with which others are compared. The default is the first.
  /// - Throws: `Fault(.usage)` for a metric or a method that no row has.
  public init(_ document: ResultsDocument, metric: String? = nil, reference: String? = nil) throws(Fault) {
    let known = MethodComparison.metrics(document.results)
    let first = metric ?? known.first
    var comparisons: [MethodComparison] = []
    for name in (first.map { [$0] } ?? []) + known where !comparisons.contains(where: { $0.metric == name }) {
      comparisons.append(try MethodComparison(document.results, metric: name, reference: reference))
    }
    self.comparisons = comparisons
  }

  var tables: [ScoreTable] {
    var tables = comparisons.map { ScoreTable($0) }
    if let condition = comparisons.first?.conditions.first, comparisons.count > 1,
      comparisons[0].conditions.count == 1
    {
      tables.insert(ScoreTable(overview: comparisons, condition), at: 1)
    }
    return tables
  }

  /// All tables in GitHub's Markdown.
  public var markdown: String { tables.map(\.markdown).joined(separator: "\n") }

  /// All tables in LaTeX. They need the package `booktabs`. All text except names is ASCII.
  public var latex: String {
    "% Needs \\usepackage{booktabs}; for names beyond ASCII also \\usepackage[T1]{fontenc}, or LuaLaTeX.\n"
      + tables.map { "\n" + $0.latex }.joined()
  }

  /// All comparisons as comma-separated values in long form.
  public var csv: String { ComparisonCSV(comparisons).text }

  /// Writes `table.csv`, `table.md` and `table.tex`. They replace those of an earlier report.
  /// - Throws: `Fault(.cannotWrite)`, also for files of these names that no report wrote.
  public func write(to folder: String) throws(Fault) {
    try Self.checkFiles(in: folder)
    try AtomicFile.write(csv, to: "\(folder)/table.csv")
    try AtomicFile.write(markdown, to: "\(folder)/table.md")
    try AtomicFile.write(latex, to: "\(folder)/table.tex")
  }

  /// Checks that the names in a folder are free, or have the tables of a report. `table.csv` is their mark.
  private static func checkFiles(in folder: String) throws(Fault) {
    let names = ["table.csv", "table.md", "table.tex"].filter {
      FileManager.default.fileExists(atPath: "\(folder)/\($0)")
    }
    guard let name = names.first, !ComparisonCSV.isOne("\(folder)/table.csv") else { return }
    throw Fault(
      .cannotWrite, "the folder holds a table of another origin, which would be lost", file: "\(folder)/\(name)",
      found: names.joined(separator: ", "), expected: "no such files, or those of an earlier report",
      remedy: "move them elsewhere, or name another folder")
  }
}
