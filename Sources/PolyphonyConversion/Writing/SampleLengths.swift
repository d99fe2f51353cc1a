import Polyphony

/// The number of real steps of each sample of a modality, if the source contains it.
struct SampleLengths {
  /// The real steps of each sample. It is 0 if the sample lacks the modality.
  var lengths: [Int]?
  /// The samples with the modality. It is nil if all have it.
  var presence: [Bool]?
  /// The number of lengths beyond the modality's steps, which were cut to them.
  var clipped = 0

  /// Reads `NAME_lengths`, BERT's mask for the text, and `NAME_present`.
  /// - Throws: `Fault(.badData)` if one of them makes no sense.
  init(_ entry: ModalitySelection.Entry, _ set: SampleSet, file: String) throws(Fault) {
    let (name, key) = (entry.modality.name, entry.key)
    if entry.modality.hasSteps {
      for candidate in [name, key].flatMap({ ["\($0)_lengths", "\($0)_length", "\($0).length"] }) {
        guard let column = set.part[candidate] else { continue }
        lengths = try whole(column, candidate, set, file)
        break
      }
      if lengths == nil, name == "text" || key == "text" { lengths = try maskLengths(entry, set) }
    }
    if let values = lengths {
      let steps = entry.modality.steps
      clipped = values.count { $0 > steps }
      lengths = values.map { min(max($0, 0), steps) }
      if values.contains(where: { $0 <= 0 }) { presence = values.map { $0 > 0 } }
    }
    if let column = set.part["\(name)_present"] {
      restrict(to: try PresenceColumn.flags(try column.numbers(), "\(name)_present", set, file: file))
    }
  }

  /// Takes the modality from the samples that lack it.
  mutating func restrict(to present: [Bool]) {
    presence = presence.map { zip($0, present).map { $0 && $1 } } ?? present
  }

  private func whole(
    _ column: SourceColumn, _ key: String, _ set: SampleSet, _ file: String
  ) throws(Fault) -> [Int] {
    guard let numbers = try column.numbers(), numbers.count == set.count else {
      throw Fault(
        .badData, "there is not one length for each sample", file: file, key: "\(set.name).\(key)",
        found: column.summary, expected: "\(set.count) whole numbers")
    }
    var result: [Int] = []
    for row in set.rows {
      guard let value = Int(exactly: numbers[row]) else {
        throw Fault(
          .badData, "a length is no whole number", file: file, key: "\(set.name).\(key)",
          found: "\(numbers[row]) in sample \(row)", expected: "whole numbers")
      }
      result.append(value)
    }
    return result
  }

  /// Reads the lengths from BERT's attention mask, the second row of `text_bert`: ones, then zeros, for every sample.
  private func maskLengths(_ entry: ModalitySelection.Entry, _ set: SampleSet) throws(Fault) -> [Int]? {
    guard case .array(let tokens)? = set.part[ModalitySelection.tokens], case .bytes(let bytes) = tokens.content,
      tokens.shape.count == 3, tokens.shape[1] == 3, tokens.shape[2] == entry.modality.steps,
      tokens.shape[0] == set.count
    else { return nil }
    let steps = entry.modality.steps
    var result: [Int] = []
    var isMask = true
    let width = 3 * steps
    var sample: [Float] = []
    try RowStream(array: tokens, bytes: bytes, rows: set.rows, swapsAxes: false).forEach { (values, _) in
      for value in values {
        sample.append(value)
        guard sample.count == width else { continue }
        let mask = sample[steps..<2 * steps]
        let length = mask.prefix { $0 == 1 }.count
        if length == 0 || mask.dropFirst(length).contains(where: { $0 != 0 }) { isMask = false }
        result.append(length)
        sample.removeAll(keepingCapacity: true)
      }
    }
    return isMask && result.count == set.rows.count ? result : nil
  }
}
