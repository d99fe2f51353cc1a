import Polyphony

/// The samples of one split, as rows of a part of the source.
struct SampleSet {
  /// The split's name.
  let name: String
  /// The part of the source with the samples.
  let part: SourceTable.Part
  /// The chosen samples of the part, in ascending order.
  let rows: [Int]
  /// The number of samples of the part.
  let count: Int
  /// The number of samples in the parts before this one, so that a row's number is unique in the source.
  let offset: Int

  /// Returns a column's entries for these samples.
  func choose<Element>(_ column: [Element]) -> [Element] { rows.map { column[$0] } }

  /// Returns a table's rows for these samples, row by row.
  func choose<Element>(_ table: [Element], width: Int) -> [Element] {
    rows.flatMap { table[$0 * width..<($0 + 1) * width] }
  }
}
