import Polyphony
import PolyphonyPresentation

/// The section of the data: the size of each split, the balance of its classes or the spread of its values, and the
/// scores of the constant answer.
enum DataSection {
  static func make(_ content: ReportContent) -> ReportSection? {
    let sets = (content.source.environment?.data ?? []).filter { !$0.splits.isEmpty }
    guard !sets.isEmpty else { return nil }
    return ReportSection(
      id: "data", title: "Data",
      body: HTML(
        sets.map { set in
          let table = table(set)
          return HTML([
            sets.count > 1 ? HTML("h3") { set.name } : .empty, HTML.table(table), HTML.notes(table.notes),
          ])
        }))
  }

  private static func table(_ set: RunEnvironment.Data) -> ScoreTable {
    let splits = set.splits
    var table = ScoreTable(
      title: "Splits of \(set.name)", columns: [.init("")] + splits.map { .init($0.name, .right) })
    func add(_ title: String, _ value: (SplitSummary) -> String) {
      table.rows.append(([title] + splits.map(value)).map { ScoreTable.Cell($0) })
    }
    add("samples") { NumberText.count($0.samples) }
    let values = NumberText(splits.flatMap { [$0.mean, $0.deviation].compactMap(\.self) })
    if splits.contains(where: { $0.mean != nil }) {
      add("mean of the target") { $0.mean.map { values.text($0) } ?? "" }
      add("standard deviation") { $0.deviation.map { values.text($0) } ?? "" }
    }
    let count = splits.map(\.classes.count).max() ?? 0
    let supports = (0..<count).map { index in splits.reduce(0) { $0 + $1.count(index) } }
    // As in the tables by class, the rarest of many classes share a row.
    let most = ClassReport.mostClasses
    let order = supports.indices.sorted { (supports[$1], $0) < (supports[$0], $1) }
    let shown = count > most ? order.prefix(most - 1).sorted() : Array(0..<count)
    func name(_ index: Int) -> String {
      set.labels.flatMap { $0.indices.contains(index) ? $0[index] : nil } ?? "\(index)"
    }
    if !shown.isEmpty { table.groups.insert(table.rows.count) }
    for index in shown { add("class \(name(index))") { share($0.count(index), $0) } }
    let rest = Set(0..<count).subtracting(shown)
    if !rest.isEmpty {
      add("\(rest.count) other classes") { split in share(rest.reduce(0) { $0 + split.count($1) }, split) }
    }
    table.notes = notes(splits, name)
    return table
  }

  private static func share(_ part: Int, _ split: SplitSummary) -> String {
    guard !split.classes.isEmpty else { return "" }
    return "\(NumberText.count(part)) (\(NumberText.share(part, of: split.samples)))"
  }

  private static func notes(_ splits: [SplitSummary], _ name: (Int) -> String) -> [String] {
    var notes: [String] = []
    for split in splits {
      let absent = split.classes.indices.filter { split.classes[$0] == 0 }
      if !absent.isEmpty { notes.append("\(split.name) lacks \(Words.list(absent.map(name), limit: 6)).") }
    }
    if let training = splits.first(where: { $0.name == "train" }) {
      if let most = training.classes.max(), let least = training.classes.filter({ $0 > 0 }).min(), most > least {
        notes.append(
          "The largest class of train has \(NumberText.fixed(Double(most) / Double(least), 1)) times the samples of the "
            + "smallest.")
      }
      if let most = training.classes.max(), let index = training.classes.firstIndex(of: most) {
        notes.append(
          "The constant answer in the tables is \(name(index)), \(training.classes.count { $0 == most } > 1 ? "one of the most frequent classes" : "the most frequent class") of train."
        )
      } else if training.mean != nil {
        notes.append("The constant answer in the tables is the mean of train.")
      }
    }
    return notes
  }
}

extension SplitSummary {
  /// The number of samples of a class, 0 for a class that the split does not know.
  fileprivate func count(_ index: Int) -> Int { classes.indices.contains(index) ? classes[index] : 0 }
}
