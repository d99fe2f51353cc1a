import Polyphony
import PolyphonyPresentation

/// A table of scores with marks for the best and the significant ones, independent of its output format.
struct ScoreTable {
  /// A cell with its marks.
  struct Cell {
    /// The cell's text.
    var text: String
    /// True for the best score of its condition.
    var isBest = false
    /// True for a score that differs significantly from the reference.
    var isSignificant = false

    /// Makes a cell without marks.
    init(_ text: String) { self.text = text }

    /// Makes a cell of an entry's scores. It is empty without an entry.
    init(_ entry: MethodComparison.Entry?, _ numbers: NumberText) {
      text = entry.map { numbers.text($0.scores) } ?? ""
      isBest = entry?.isBest ?? false
      isSignificant = entry?.isSignificant ?? false
    }
  }

  /// The title of the table.
  var title: String
  /// The titles and alignments of the columns.
  var columns: [TextTable.Column]
  /// The rows, each with a cell for every column.
  var rows: [[Cell]] = []
  /// The indices of rows that begin a new group, without the first row.
  var groups: Set<Int> = []
  /// The titles of the columns that a narrow screen shows before the others.
  var important: [String] = []
  /// The notes for readers, of one or more sentences each.
  var notes: [String] = []
}

extension ScoreTable {
  /// The maximum number of conditions as columns. With more, conditions are rows and methods are columns.
  static let widest = 8

  /// Makes the table of one metric: methods by conditions, or for a single condition methods with all their figures.
  init(_ comparison: MethodComparison) {
    let keys = ScoreCondition.distinguishing(comparison.conditions)
    let (methods, conditions) = (comparison.methods, comparison.conditions)
    let entries = conditions.flatMap { condition in methods.compactMap { comparison[condition, $0] } }
    let numbers = NumberText(entries.compactMap(\.scores.mean))
    title = Self.title(comparison)
    if conditions.count == 1 {
      (columns, rows) = Self.single(comparison, conditions[0], numbers)
    } else if conditions.count <= Self.widest {
      columns = [.init("method")] + conditions.map { .init($0.name(keys), .right) }
      rows = methods.map { method in [Cell(method)] + conditions.map { Cell(comparison[$0, method], numbers) } }
    } else {
      columns = [.init("condition")] + methods.map { .init($0, .right) }
      rows = conditions.map { condition in
        [Cell(condition.name(keys))] + methods.map { Cell(comparison[condition, $0], numbers) }
      }
      groups = Set(
        conditions.indices.dropFirst().filter { conditions[$0].parts["data"] != conditions[$0 - 1].parts["data"] })
    }
    notes = ComparisonNotes(comparison).sentences
  }

  private static func title(_ comparison: MethodComparison) -> String {
    let same = comparison.conditions.first.map { first in
      let differing = ScoreCondition.distinguishing(comparison.conditions)
      return first.parts.filter { !differing.contains($0.key) && !$0.value.isEmpty }
        .map { $0.key == "split" ? "\($0.value) split" : $0.key == "data" ? $0.value : "\($0.key) \($0.value)" }
    }
    let direction = comparison.direction == .higherIsBetter ? "higher is better" : "lower is better"
    return ([comparison.metric + " (\(direction))"] + (same ?? [])).joined(separator: ", ")
  }

  /// Makes the table of a single condition, which has space for differences, p-values and costs.
  private static func single(_ comparison: MethodComparison, _ condition: ScoreCondition, _ numbers: NumberText)
    -> ([TextTable.Column], [[Cell]])
  {
    let entries = comparison.methods.compactMap { comparison[condition, $0] }
    let isCompared = entries.contains { $0.test != nil }
    let isCounted = entries.contains { $0.row.parameters != nil }
    let hasAdded = entries.contains { $0.row.parameters?.added != nil }
    let isTimed = entries.contains { $0.row.seconds != nil }
    let columns =
      [TextTable.Column("method"), .init(comparison.metric, .right)]
      + (isCompared ? [.init("difference", .right), .init("p", .right)] : [])
      + (isCounted ? [.init("trained", .right)] : []) + (hasAdded ? [.init("added", .right)] : [])
      + (isCounted ? [.init("share", .right)] : []) + (isTimed ? [.init("time", .right)] : [])
    let rows = entries.map { entry in
      var cells = [Cell(entry.row.name), Cell(entry, numbers)]
      if isCompared {
        cells.append(Cell(numbers.difference(entry.test)))
        let p = entry.adjusted.map(NumberText.probability)
        cells.append(Cell(p ?? entry.verdict?.text ?? ""))
      }
      if isCounted {
        let count = entry.row.parameters
        cells.append(Cell(count.map { NumberText.count($0.trainable) } ?? ""))
        if hasAdded { cells.append(Cell(count?.added.map(NumberText.count) ?? "")) }
        cells.append(Cell(count.map { NumberText.share($0.trainable, of: $0.total) } ?? ""))
      }
      if isTimed { cells.append(Cell(entry.row.seconds.map(NumberText.seconds) ?? "")) }
      return cells
    }
    return (columns, rows)
  }

  /// Makes a table of all metrics under one condition, without tests, as for an appendix.
  init(overview comparisons: [MethodComparison], _ condition: ScoreCondition) {
    title = "All metrics"
    let methods = comparisons.first?.methods ?? []
    columns = [.init("method")] + comparisons.map { .init($0.metric, .right) }
    rows = methods.map { method in
      [Cell(method)]
        + comparisons.map { comparison in
          let means = methods.compactMap { comparison[condition, $0]?.scores.mean }
          var cell = Cell(comparison[condition, method], NumberText(means))
          cell.isSignificant = false
          return cell
        }
    }
    let isOverSeeds = methods.contains { (comparisons.first?[condition, $0]?.row.seeds.count ?? 0) > 1 }
    notes =
      (isOverSeeds ? ["Mean ± standard deviation over seeds."] : []) + (methods.count > 1 ? ["Best in bold."] : [])
  }
}
