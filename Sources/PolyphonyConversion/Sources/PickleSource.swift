import Polyphony

/// The reader of MMSA's and MulT's feature files: a pickled dictionary of arrays, or of splits with such dictionaries.
enum PickleSource {
  /// Reads the columns of a pickle.
  /// - Throws: `Fault(.badData)` if it is not such a dictionary, or holds something that the reader refuses.
  static func read(_ file: RandomAccessFile, scratch: ScratchFile) throws(Fault) -> SourceTable {
    var reader = PickleReader(file, scratch: scratch)
    let value = try reader.read()
    guard case .dictionary(let dictionary) = value else {
      throw Fault(
        .badData, "the pickle is no dictionary", file: file.path, found: value.kindName,
        expected: "train, valid and test, or arrays by name",
        remedy: "save a dictionary in Python: {'train': {'text': …, 'audio': …, 'labels': …}, …}")
    }
    let entries = dictionary.byName
    var splits: [SourceTable.Part] = []
    for entry in entries {
      guard let name = SourceTable.splitName(entry.name), case .dictionary(let split) = entry.value else { continue }
      splits.append(.init(name: name, columns: try columns(split)))
    }
    guard splits.isEmpty else {
      if let twice = Dictionary(grouping: splits, by: \.name).first(where: { $0.value.count > 1 })?.key {
        throw Fault(.badData, "two keys of the pickle name one split", file: file.path, key: twice, found: "both")
      }
      return SourceTable(format: "pickle", file: file.path, parts: splits)
    }
    return SourceTable(format: "pickle", file: file.path, parts: [.init(name: "", columns: try columns(dictionary))])
  }

  private static func columns(
    _ dictionary: PickleDictionary
  ) throws(Fault) -> [(name: String, column: SourceColumn)] {
    var columns: [(name: String, column: SourceColumn)] = []
    for entry in dictionary.byName { columns.append((entry.name, try SourceColumn(entry.value))) }
    return columns
  }
}
