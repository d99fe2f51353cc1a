import Polyphony

/// The table of every comparison on a metric with its test, one per line.
struct DifferencesTable {
  /// The table itself.
  let table: ScoreTable

  init(_ comparison: MethodComparison) {
    let keys = ScoreCondition.distinguishing(comparison.conditions)
    let means = comparison.conditions.flatMap { condition in
      comparison.methods.compactMap { comparison[condition, $0]?.scores.mean }
    }
    let numbers = NumberText(means)
    var rows: [[ScoreTable.Cell]] = []
    var groups: Set<Int> = []
    for condition in comparison.conditions {
      let start = rows.count
      for method in comparison.methods {
        guard let entry = comparison[condition, method], let test = entry.test else { continue }
        let p = test.p.map(NumberText.probability) ?? ""
        rows.append(
          [ScoreTable.Cell(rows.count == start ? condition.name(keys) : "")]
            + [
              method, numbers.difference(test), test.statistic.map { NumberText.fixed($0, 2) } ?? "",
              test.obstacle == nil ? "\(test.seeds.count - 1)" : "", p,
              entry.adjusted.map(NumberText.probability) ?? "", entry.verdict?.text ?? "",
            ].map { ScoreTable.Cell($0) })
      }
      if start > 0, rows.count > start { groups.insert(start) }
    }
    var table = ScoreTable(
      title: "Differences from \(comparison.reference)",
      columns: [
        .init("condition"), .init("method"), .init("difference", .right), .init("t", .right), .init("df", .right),
        .init("p", .right), .init("p (Holm)", .right), .init("verdict"),
      ], rows: rows)
    table.groups = groups
    table.notes = [
      "Mean difference ± standard error over common seeds; t with df degrees of freedom; p two-sided, alone and after "
        + "Holm's correction over the \(Words.count(comparison.tested, "comparison")) that could be tested. «Better» or "
        + "«worse» only where the corrected p is below \(Verdict.level)."
    ]
    self.table = table
  }
}
