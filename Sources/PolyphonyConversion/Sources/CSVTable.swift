import Polyphony

/// A table file with the names of its columns, and the split that it holds.
struct CSVTable {
  let file: RandomAccessFile
  /// The split, or an empty text.
  let split: String
  /// The names in the header. pandas leaves the name of its index empty.
  let names: [String]

  /// Reads the header.
  /// - Throws: `Fault(.badData)` for an empty file, and for two columns of one name.
  init(_ file: RandomAccessFile, split: String) throws(Fault) {
    (self.file, self.split) = (file, split)
    var reader = try CSVReader(file)
    guard let header = try reader.next() else {
      throw Fault(.badData, "the table is empty", file: file.path, expected: "a header line, then one row a sample")
    }
    names = header.map(CSVField.trimmed)
    var seen: Set<String> = []
    for name in names where !seen.insert(name).inserted {
      throw reader.fault("two columns have one name", column: name, found: "twice", expected: "distinct names")
    }
  }

  /// Calls `body` with the fields of each row.
  /// - Throws: `Fault(.badData)` with the line for a row of another length, and the errors of `body`.
  func forEach(_ body: ([String], CSVReader) throws(Fault) -> Void) throws(Fault) {
    var reader = try CSVReader(file)
    _ = try reader.next()
    var count = 0
    while let row = try reader.next() {
      guard row.count == names.count else {
        throw reader.fault(
          "a row has another number of fields than the header", found: "\(row.count)", expected: "\(names.count)",
          remedy: "put fields that hold the separator into quotes")
      }
      guard count < SourceColumn.mostSamples else {
        throw reader.fault("the table has too many rows", found: "more than \(SourceColumn.mostSamples)")
      }
      try body(row, reader)
      count += 1
    }
    guard count > 0 else {
      throw Fault(.badData, "the table has no rows", file: file.path, found: "a header", expected: "one row a sample")
    }
  }
}
