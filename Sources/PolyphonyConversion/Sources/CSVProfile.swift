import Polyphony

/// The kinds of the fields in each column of a table. A first pass over all rows makes this profile.
struct CSVProfile {
  /// The fields of one column.
  struct Column {
    /// The name in the header.
    let name: String
    /// The number of fields that are numbers.
    var numbers = 0
    /// The number of missing cells.
    var missing = 0
    /// The number of fields that are neither.
    var texts = 0
    /// True if every number is whole.
    var isWhole = true
    /// True if the fields count the rows of each file, from 0 or from 1.
    var countsRows = (fromZero: true, fromOne: true)
    /// The error of the first field that is no number.
    var wrong: Fault?
    /// True if that field is a number with a decimal comma.
    var hasDecimalComma = false
    /// The different values, for columns whose name is that of a group.
    var values: Set<String>?

    /// True if the column has texts and no numbers.
    var isText: Bool { texts > 0 && numbers == 0 && !hasDecimalComma }
    /// True if no row has anything.
    var isEmpty: Bool { texts == 0 && numbers == 0 }
  }

  /// The columns of all files, in the order of their first appearance.
  private(set) var columns: [Column] = []
  /// The number of rows of all files.
  private(set) var rows = 0
  private static let mostValues = 200_000

  subscript(name: String) -> Column? { columns.first { $0.name == name } }

  /// Reads all rows of a file.
  /// - Throws: `Fault(.badData)` with the line for a broken row.
  mutating func add(_ file: CSVTable) throws(Fault) {
    var places: [Int] = []
    for name in file.names {
      if let place = columns.firstIndex(where: { $0.name == name }) {
        places.append(place)
      } else {
        places.append(columns.count)
        columns.append(Column(name: name, values: Grouping.isName(name) ? [] : nil))
      }
    }
    var row = 0
    try file.forEach { (fields, reader) throws(Fault) in
      for (field, place) in zip(fields, places) { Self.add(field, row, reader, to: &columns[place]) }
      row += 1
    }
    rows += row
  }

  private static func add(_ field: String, _ row: Int, _ reader: CSVReader, to column: inout Column) {
    if let count = column.values?.count, count < mostValues { column.values?.insert(CSVField.trimmed(field)) }
    switch CSVField(field) {
    case .number(let number):
      column.numbers += 1
      if number != number.rounded() { column.isWhole = false }
      if number != Float(row) { column.countsRows.fromZero = false }
      if number != Float(row + 1) { column.countsRows.fromOne = false }
      return
    case .missing: column.missing += 1
    case .text:
      column.texts += 1
      if column.wrong == nil {
        column.hasDecimalComma = CSVField.hasDecimalComma(field)
        column.wrong = reader.fault(
          "a field is no number", column: column.name, found: "«\(CSVField.trimmed(field).prefix(40))»",
          expected: "a number",
          remedy: column.hasDecimalComma
            ? "write numbers with a point: to_csv(…, decimal='.')"
            : "correct the field, or choose the columns that are features: --modality NAME=COLUMN,COLUMN")
      }
    }
    column.countsRows = (false, false)
  }
}
