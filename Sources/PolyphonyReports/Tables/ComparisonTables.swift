import Polyphony
import PolyphonyPresentation

/// The tables of a comparison as a paper's author pastes them: a table for each metric, the principal one first, with
/// the best in bold and what differs significantly from the reference marked.
///
/// With a single condition a table has methods as rows, and differences, p-values and costs as columns; a table of all
/// metrics follows. With several conditions it has a column for each, beyond eight a row. The CSV is in long form
/// instead, a line for each condition, method and metric, with everything that was computed, for programs to read.
public struct ComparisonTables: Sendable {
  /// The comparison of each metric, the principal one first.
  public let comparisons: [MethodComparison]

  /// Compares the rows of a document.
  ///
  /// - Parameters:
  ///   - document: the results.
  ///   - metric: the metric that stands first; the task's own without it.
  ///   - reference: the method that others are compared to; the first without it.
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

  /// All tables in LaTeX; they need the package `booktabs`. All that is not a name is ASCII.
  public var latex: String {
    "% Needs \\usepackage{booktabs}; for names beyond ASCII also \\usepackage[T1]{fontenc}, or LuaLaTeX.\n"
      + tables.map { "\n" + $0.latex }.joined()
  }

  /// Everything as comma-separated values in long form.
  public var csv: String { ComparisonCSV(comparisons).text }

  /// Writes `table.csv`, `table.md` and `table.tex`.
  /// - Throws: `Fault(.cannotWrite)`.
  public func write(to folder: String) throws(Fault) {
    try AtomicFile.write(csv, to: "\(folder)/table.csv")
    try AtomicFile.write(markdown, to: "\(folder)/table.md")
    try AtomicFile.write(latex, to: "\(folder)/table.tex")
  }
}
