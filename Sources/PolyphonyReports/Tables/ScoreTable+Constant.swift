import Polyphony

extension ScoreTable {
  /// The name of the constant answer in tables.
  static let constant = "constant answer"

  /// Makes the table of one metric with the scores of the constant answer beside those of the methods.
  ///
  /// - Parameters:
  ///   - comparison: the methods' scores.
  ///   - meaning: what the constant answer is.
  ///   - constant: returns the score of the constant answer under a condition, nil if it is unknown.
  init(_ comparison: MethodComparison, _ meaning: String, constant score: (ScoreCondition) -> Double?) {
    self.init(comparison)
    let conditions = comparison.conditions
    let scores = conditions.map(score)
    guard scores.contains(where: { $0 != nil }) else { return }
    let numbers = NumberText(
      conditions.flatMap { condition in comparison.methods.compactMap { comparison[condition, $0]?.scores.mean } })
    let cells = scores.map { Cell($0.map { numbers.text($0) } ?? "") }
    if conditions.count > Self.widest {
      columns.append(.init(Self.constant, .right))
      for index in rows.indices { rows[index].append(cells[index]) }
    } else {
      groups.insert(rows.count)
      let row = [Cell(Self.constant)] + cells
      rows.append(row + Array(repeating: Cell(""), count: columns.count - row.count))
    }
    notes.append("The constant answer is \(meaning) of the training split.")
  }
}
