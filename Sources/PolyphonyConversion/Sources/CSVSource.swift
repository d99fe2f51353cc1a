import Polyphony

/// The reader of a table with a header line and one row per sample. Columns become vector modalities.
enum CSVSource {
  /// The columns of a modality.
  private struct Group {
    var name: String
    var columns: [Int]
    var scratch: ScratchFile
  }

  /// The positions of the columns that are not features.
  private struct Roles {
    var target: Int?
    var id: Int?
    var split: Int?

    var all: [Int] { [target, id, split].compactMap(\.self) }
  }

  /// Reads the modalities as arrays, and the columns of target, id and split.
  /// - Parameter folder: The folder for temporary files.
  /// - Throws: `Fault(.badData)` with line and column, `Fault(.usage)` for options that name no column.
  static func read(
    _ file: RandomAccessFile, _ options: ConversionOptions, folder: String
  ) throws(Fault) -> SourceTable {
    var reader = try CSVReader(file)
    guard let header = try reader.next() else {
      throw Fault(.badData, "the table is empty", file: file.path, expected: "a header line, then one row a sample")
    }
    let names = header.map { String($0.drop { $0 == " " }) }
    var seen: Set<String> = []
    for name in names where !seen.insert(name).inserted {
      throw reader.fault("two columns have one name", column: name, found: "twice", expected: "distinct names")
    }
    let roles = try roles(names, options, file)
    let groups = try groups(names, roles, options, file, folder)
    var (targets, ids, splits): ([String], [String], [String]) = ([], [], [])
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
      for group in groups {
        var values: [Float] = []
        for column in group.columns { values.append(try number(row[column], names[column], reader)) }
        try withRawBytes(of: values) { (bytes) throws(Fault) in try group.scratch.append(bytes) }
      }
      if let column = roles.target { targets.append(trimmed(row[column])) }
      if let column = roles.id { ids.append(trimmed(row[column])) }
      if let column = roles.split { splits.append(trimmed(row[column])) }
      if roles.target != nil, targets[count].isEmpty {
        throw reader.fault(
          "a row has no target", column: names[roles.target ?? 0], found: "an empty field", expected: "a value",
          remedy: "remove the row")
      }
      count += 1
    }
    guard count > 0 else {
      throw Fault(.badData, "the table has no rows", file: file.path, found: "a header", expected: "one row a sample")
    }
    var columns: [(name: String, column: SourceColumn)] = []
    for group in groups {
      let range = try group.scratch.range(from: 0)
      guard let type = ElementType("<f4"),
        let array = NumPyArray(
          type: type, shape: [count, group.columns.count], isFortran: false, content: .bytes(range))
      else { continue }
      columns.append((group.name, .array(array)))
    }
    if let column = roles.target {
      let numbers = targets.compactMap(Double.init)
      columns.append((names[column], numbers.count == count ? .numbers(numbers) : .texts(targets)))
    }
    if let column = roles.id { columns.append((names[column], .texts(ids))) }
    if let column = roles.split { columns.append((names[column], .texts(splits))) }
    return SourceTable(format: "CSV", file: file.path, parts: [.init(name: "", columns: columns)])
  }

  private static func roles(
    _ names: [String], _ options: ConversionOptions, _ file: RandomAccessFile
  ) throws(Fault) -> Roles {
    func place(_ wanted: String?, _ option: String, _ defaults: [String]) throws(Fault) -> Int? {
      guard let wanted else { return defaults.lazy.compactMap { names.firstIndex(of: $0) }.first }
      if let index = names.firstIndex(of: wanted) { return index }
      throw missing(wanted, option, names, file)
    }
    return Roles(
      target: try place(options.target, "--target", options.targetNames),
      id: try place(options.id, "--id", [ConversionOptions.defaultID]),
      split: try place(options.splitBy, "--split-by", [ConversionOptions.defaultSplitBy]))
  }

  private static func groups(
    _ names: [String], _ roles: Roles, _ options: ConversionOptions, _ file: RandomAccessFile, _ folder: String
  ) throws(Fault) -> [Group] {
    var groups: [Group] = []
    guard options.modalities.isEmpty else {
      for choice in options.modalities {
        var columns: [Int] = []
        for key in choice.keys ?? [] {
          guard let index = names.firstIndex(of: key) else { throw missing(key, "--modality", names, file) }
          columns.append(index)
        }
        if choice.keys == nil {
          columns = names.indices.filter { prefix(names[$0]) == choice.name && !roles.all.contains($0) }
          if columns.isEmpty, let index = names.firstIndex(of: choice.name) { columns = [index] }
          if columns.isEmpty { throw missing(choice.name, "--modality", names, file) }
        }
        if let target = roles.target, columns.contains(target) {
          throw Fault(
            .usage, "the target is no input", key: "--modality \(choice.name)", found: names[target],
            expected: "columns other than the target")
        }
        groups.append(Group(name: choice.name, columns: columns, scratch: try ScratchFile(in: folder)))
      }
      return groups
    }
    for index in names.indices where !roles.all.contains(index) {
      guard let name = prefix(names[index]) else {
        throw Fault(
          .badData, "a column belongs to no modality", file: file.path, key: names[index],
          found: "a name without a prefix", expected: "names such as audio_0, audio_1, or audio_pitch",
          remedy: "choose columns: --modality NAME=\(names[index]); name the target: --target COLUMN")
      }
      if let group = groups.firstIndex(where: { $0.name == name }) {
        groups[group].columns.append(index)
      } else {
        guard groups.count < 64 else {
          throw Fault(
            .badData, "the table has too many prefixes for modalities", file: file.path, found: "more than 64",
            remedy: "choose columns: --modality NAME=COLUMN,COLUMN")
        }
        groups.append(Group(name: name, columns: [index], scratch: try ScratchFile(in: folder)))
      }
    }
    guard !groups.isEmpty else {
      throw Fault(
        .badData, "the table has no features", file: file.path, found: names.joined(separator: ", "),
        expected: "columns besides target, id and split")
    }
    return groups
  }

  /// Returns the part of a column's name before the first `_` or `.`.
  private static func prefix(_ name: String) -> String? {
    guard let end = name.firstIndex(where: { $0 == "_" || $0 == "." }), end > name.startIndex else { return nil }
    return String(name[..<end])
  }

  private static func trimmed(_ text: String) -> String {
    String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }

  /// Reads a number. An empty field or NA is a missing number.
  private static func number(_ text: String, _ column: String, _ reader: CSVReader) throws(Fault) -> Float {
    if let value = Float(text) { return value }
    let text = trimmed(text)
    if text.isEmpty || text == "NA" { return .nan }
    guard let value = Float(text) else {
      throw reader.fault(
        "a field is no number", column: column, found: "«\(text.prefix(40))»", expected: "a number",
        remedy: "choose the columns that are features: --modality NAME=COLUMN,COLUMN")
    }
    return value
  }

  private static func missing(
    _ name: String, _ option: String, _ names: [String], _ file: RandomAccessFile
  ) -> Fault {
    Fault(
      .usage, "the table has no such column", file: file.path, key: option, found: name,
      expected: names.prefix(24).joined(separator: ", ") + (names.count > 24 ? ", …" : ""),
      remedy: Suggestion.question(for: name, among: names))
  }
}
