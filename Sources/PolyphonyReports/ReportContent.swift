import OrderedCollections
import Polyphony
import PolyphonyPresentation

/// What a report shows, computed once for all its sections.
struct ReportContent {
  /// What was read.
  let source: ReportSource
  /// The tables; nil without results, or without a metric in them.
  let tables: ComparisonTables?

  /// Compares what was read.
  /// - Throws: `Fault(.usage)` for a metric or a method that no row has.
  init(_ source: ReportSource, metric: String?, reference: String?) throws(Fault) {
    self.source = source
    guard let document = source.document, !MethodComparison.metrics(document.results).isEmpty else {
      if let metric {
        throw Fault(
          .usage, "the results have no such metric", file: source.folder, key: "--metric", found: metric,
          expected: "results with metrics")
      }
      tables = nil
      return
    }
    // What the comparison says of itself holds where nobody says otherwise, and where the rows know it.
    let metrics = MethodComparison.metrics(document.results)
    let names = Set(document.results.map(\.name))
    tables = try ComparisonTables(
      document, metric: metric ?? source.comparison?.metric.flatMap { metrics.contains($0) ? $0 : nil },
      reference: reference ?? source.comparison?.reference.flatMap { names.contains($0) ? $0 : nil })
  }

  /// The comparison on the principal metric.
  var main: MethodComparison? { tables?.comparisons.first }

  /// The rows.
  var rows: [ResultsDocument.Row] { source.document?.results ?? [] }

  /// What its contrasts came to; nothing for a comparison without any.
  var findings: [ContrastFinding] {
    main.map { ContrastFinding.all(source.comparison?.contrasts ?? [], rows, metric: $0.metric) } ?? []
  }

  /// The table of these; nil where there are none.
  var contrasts: ContrastTable? {
    guard let main, !findings.isEmpty else { return nil }
    return ContrastTable(findings, metric: main.metric)
  }

  /// The metric as a section calls it: the principal one of what was measured.
  var metric: String? { main?.metric }

  /// How scores on the principal metric are written.
  var numbers: NumberText {
    guard let main else { return NumberText([]) }
    return NumberText(
      main.conditions.flatMap { condition in main.methods.compactMap { main[condition, $0]?.scores.mean } })
  }

  /// The data sets' names: those of the rows, else those that the environment knows.
  var data: [String] {
    let named = Array(OrderedSet((main?.conditions ?? []).compactMap { $0.parts["data"] }))
    return named.isEmpty ? Array(OrderedSet((source.environment?.data ?? []).map(\.name))) : named
  }

  /// The command that made the folder.
  var command: String { source.document?.command ?? "an unfinished run" }
}

/// A part of a report.
struct ReportSection {
  /// What links to it.
  var id: String
  /// Its title.
  var title: String
  /// What stands below.
  var body: HTML
}
