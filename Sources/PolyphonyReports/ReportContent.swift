import OrderedCollections
import Polyphony
import PolyphonyPresentation

/// The content of a report, computed once for all its sections.
struct ReportContent {
  /// The files of the folder.
  let source: ReportSource
  /// The tables. They are nil without results, or without a metric in them.
  let tables: ComparisonTables?

  /// Compares the results of a folder.
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
    // The comparison's own choices are the defaults, if the rows contain them.
    let metrics = MethodComparison.metrics(document.results)
    let names = Set(document.results.map(\.name))
    tables = try ComparisonTables(
      document, metric: metric ?? source.comparison?.metric.flatMap { metrics.contains($0) ? $0 : nil },
      reference: reference ?? source.comparison?.reference.flatMap { names.contains($0) ? $0 : nil })
  }

  /// The comparison on the principal metric.
  var main: MethodComparison? { tables?.comparisons.first }

  /// The rows of the results.
  var rows: [ResultsDocument.Row] { source.document?.results ?? [] }

  /// The results of the comparison's contrasts. They are empty without contrasts.
  var findings: [ContrastFinding] {
    main.map { ContrastFinding.all(source.comparison?.contrasts ?? [], rows, metric: $0.metric) } ?? []
  }

  /// The table of the contrasts. It is nil without contrasts.
  var contrasts: ContrastTable? {
    guard let main, !findings.isEmpty else { return nil }
    return ContrastTable(findings, metric: main.metric)
  }

  /// The principal metric, by its name in sections.
  var metric: String? { main?.metric }

  /// The names in the tables with their meanings.
  var glossary: Glossary { Glossary(self) }

  /// The format of scores on the principal metric.
  var numbers: NumberText {
    guard let main else { return NumberText([]) }
    return NumberText(
      main.conditions.flatMap { condition in main.methods.compactMap { main[condition, $0]?.scores.mean } })
  }

  /// The names of the data sets, from the rows or else from the environment.
  var data: [String] {
    let named = Array(OrderedSet((main?.conditions ?? []).compactMap { $0.parts["data"] }))
    return named.isEmpty ? Array(OrderedSet((source.environment?.data ?? []).map(\.name))) : named
  }

  /// The scores of the constant answer under a condition. They are nil for data whose splits are not described.
  func constant(_ condition: ScoreCondition) -> MetricValues? {
    let sets = source.environment?.data ?? []
    let set = sets.count == 1 ? sets.first : sets.first { $0.name == condition.parts["data"] }
    return set?.splits.first { $0.name == condition.parts["split"] }?.constant
  }

  /// The meaning of the constant answer for the task of the data.
  var constantAnswer: String {
    let isClassification = (source.environment?.data ?? []).contains { $0.splits.contains { !$0.classes.isEmpty } }
    return isClassification ? "the most frequent class" : "the mean"
  }

  /// Shows a body for each row: one or two in full, and of more the best one, with the others folded.
  func bodies(_ rows: [ResultsDocument.Row], _ body: (ResultsDocument.Row) -> HTML) -> HTML {
    let keys = ScoreCondition.distinguishing(rows.map { ScoreCondition($0) })
    let best = rows.indices.reduce(nil as Int?) { best, index in
      func score(_ index: Int) -> Double? { metric.flatMap { rows[index].metrics[$0]?.mean } }
      return MetricDirection(metric: metric ?? "").improves(score(index), on: best.flatMap(score)) ? index : best
    }
    return HTML(
      rows.enumerated().map { index, row in
        if rows.count == 1 { return body(row) }
        let title = row.name + (keys.isEmpty ? "" : ", \(ScoreCondition(row).name(keys))")
        guard rows.count > 2, index != best ?? 0 else { return HTML([HTML("h3") { title }, body(row)]) }
        return HTML.folded(title) { body(row) }
      })
  }

  /// Shows a body for each row with answers that have something to show: those of its first seed.
  /// - Parameter body: gets the row, the answers, and the split and the seed in words.
  /// - Returns: nil without such a row.
  func answerBodies(
    where isShown: (AnswerSummary) -> Bool, _ body: (ResultsDocument.Row, AnswerSummary, String) -> HTML
  ) -> HTML? {
    let shown = rows.filter { AnswerSummary.all($0).values.first.map(isShown) ?? false }
    guard !shown.isEmpty else { return nil }
    return bodies(shown) { row in
      guard let (seed, summary) = AnswerSummary.all(row).elements.first else { return .empty }
      let place = [row.split.map { "\($0) split" }, row.seeds.count > 1 ? "seed \(seed)" : nil].compactMap(\.self)
        .joined(separator: ", ")
      return body(row, summary, place)
    }
  }

  /// The name of the command that made the folder.
  var command: String { source.document?.command ?? "an unfinished run" }
}

/// A section of a report.
struct ReportSection {
  /// The section's identifier for links.
  var id: String
  /// The section's title.
  var title: String
  /// The content below the title.
  var body: HTML
}
