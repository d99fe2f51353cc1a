import Polyphony

/// The samples of one split: rows of a part of the source.
struct SampleSet {
  /// The split's name.
  let name: String
  /// Where the samples are.
  let part: SourceTable.Part
  /// Which of the part's samples, ascending.
  let rows: [Int]
  /// How many samples the part has.
  let count: Int
  /// How many samples stand in the parts before this one, so that a row's number is unique in the source.
  let offset: Int

  /// A column's entries for these samples.
  func choose<Element>(_ column: [Element]) -> [Element] { rows.map { column[$0] } }
}
