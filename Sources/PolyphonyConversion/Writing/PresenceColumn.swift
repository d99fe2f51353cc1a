import Polyphony

/// The array `presence` `[N, M]` of a source: 1 where a sample has a modality, 0 where it lacks it.
enum PresenceColumn {
  static let key = "presence"

  /// Takes from the samples what they lack. The columns are in the order of the modalities.
  /// - Throws: `Fault(.badData)` for another number of columns, and for numbers other than 0 and 1.
  static func apply(
    _ set: SampleSet, _ entries: [ModalitySelection.Entry], to lengths: inout [SampleLengths], file: String
  ) throws(Fault) {
    guard let column = set.part[key] else { return }
    guard column.width ?? 1 == entries.count, column.count == set.count else {
      throw Fault(
        .badData, "there is not one column of presence for each modality", file: file, key: "\(set.name).\(key)",
        found: column.summary, expected: "[\(set.count), \(entries.count)]: " + names(entries),
        remedy: "choose the modalities in the order of the columns: --modality NAME")
    }
    for place in entries.indices {
      let numbers = column.width == nil ? try column.numbers() : try column.numbers(column: place)
      lengths[place].restrict(to: try flags(numbers, key, set, file: file))
    }
  }

  /// Returns a sentence about the order of the columns. It is nil without the array.
  static func note(_ sets: [SampleSet], _ entries: [ModalitySelection.Entry]) -> String? {
    guard sets.contains(where: { $0.part[key] != nil }) else { return nil }
    return "the columns of \(key) are taken in this order: " + names(entries)
  }

  /// Returns the truth values of the chosen samples.
  /// - Throws: `Fault(.badData)` unless there is one number of 0 or 1 for each sample.
  static func flags(_ numbers: [Double]?, _ key: String, _ set: SampleSet, file: String) throws(Fault) -> [Bool] {
    guard let numbers, numbers.count == set.count else {
      throw Fault(
        .badData, "there is not one number for each sample", file: file, key: "\(set.name).\(key)",
        found: numbers.map { "\($0.count) numbers" } ?? "no numbers", expected: "\(set.count) of 0 or 1")
    }
    if let row = set.rows.first(where: { numbers[$0] != 0 && numbers[$0] != 1 }) {
      throw Fault(
        .badData, "a sample has a modality or lacks it", file: file, key: "\(set.name).\(key)",
        found: "\(numbers[row]) in sample \(row)", expected: "0 or 1")
    }
    return set.choose(numbers).map { $0 == 1 }
  }

  private static func names(_ entries: [ModalitySelection.Entry]) -> String {
    entries.map(\.modality.name).joined(separator: ", ")
  }
}
