import Polyphony

/// The targets of a table in the form of a model's task.
struct KnownTarget {
  /// A value or the number of a class for each sample. It is nil if some samples have none.
  private(set) var values: [Double]?
  /// A sentence about targets that are not used.
  private(set) var note: String?

  /// Reads the targets of a split.
  /// - Throws: `Fault(.badData)` for a text in place of a number, and for a class that the model does not know.
  init(_ set: SampleSet, column: String, task: PredictionTask, file: String) throws(Fault) {
    let words = set.choose(try set.part[column]?.words() ?? [])
    let gaps = words.count { $0.isEmpty }
    guard gaps == 0 else {
      if gaps < words.count {
        note = "\(gaps) of \(words.count) rows have no \(column), so predictions are not compared with it"
      }
      return
    }
    let places = task.labels.map { Dictionary(zip($0, 0...), uniquingKeysWith: { first, _ in first }) }
    var values: [Double] = []
    for (row, word) in words.enumerated() {
      let value = task.kind == .regression ? Double(word) : (places?[word] ?? Self.number(word, task)).map(Double.init)
      guard let value, value.isFinite else {
        throw Fault(
          .badData, task.kind == .regression ? "a target is no number" : "a target is no class of the model",
          file: file, key: column, found: "«\(word.prefix(40))» in row \(row + 1)",
          expected: task.kind == .regression ? "numbers" : task.labels?.listed ?? "0 to \((task.classes ?? 1) - 1)",
          remedy: "correct it, or remove the column \(column), which a prediction does not need")
      }
      values.append(value)
    }
    self.values = values
  }

  /// A class without a label as its number.
  private static func number(_ word: String, _ task: PredictionTask) -> Int? {
    guard task.labels == nil, let value = Double(word), let number = Int(exactly: value) else { return nil }
    return (0..<(task.classes ?? 0)).contains(number) ? number : nil
  }
}
