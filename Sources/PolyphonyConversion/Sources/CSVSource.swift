import Polyphony

/// The reader of tables with a header line and one row per sample. Columns become vector modalities.
///
/// A first pass finds out what the columns hold (``CSVProfile``), a decision follows (``CSVPlan``), and a second pass
/// copies the numbers.
enum CSVSource {
  /// Reads the modalities as arrays, and the columns of target, id, split and group.
  /// - Parameters:
  ///   - files: the tables with their splits. Several are the splits of one table.
  ///   - modality: the modality of all features, for files that hold one.
  ///   - folder: the folder for temporary files.
  /// - Throws: `Fault(.badData)` with line and column, `Fault(.usage)` for options that name no column.
  static func read(
    _ files: [(file: RandomAccessFile, split: String)], _ options: ConversionOptions, modality: String?,
    folder: String
  ) throws(Fault) -> SourceTable {
    var tables: [CSVTable] = []
    var profile = CSVProfile()
    for (file, split) in files {
      let table = try CSVTable(file, split: split)
      tables.append(table)
      try profile.add(table)
    }
    let path = files.map(\.file.path).joined(separator: ", ")
    let names = profile.columns.map(\.name)
    let roles = try CSVRoles(names, options, isWhole: modality != nil, file: path)
    let plan = try CSVPlan(profile, roles, options, modality: modality, file: path)
    var parts: [SourceTable.Part] = []
    for table in tables {
      parts.append(.init(name: table.split, columns: try columns(table, plan, roles, options, folder)))
    }
    return SourceTable(
      format: "CSV", file: path, parts: parts, notes: plan.notes, groupings: plan.groupings,
      columns: modality == nil ? Dictionary(uniqueKeysWithValues: plan.groups.map { ($0.name, $0.columns) }) : [:],
      headers: names, holdsChoices: modality == nil)
  }

  /// Copies the columns of one file.
  private static func columns(
    _ table: CSVTable, _ plan: CSVPlan, _ roles: CSVRoles, _ options: ConversionOptions, _ folder: String
  ) throws(Fault) -> [(name: String, column: SourceColumn)] {
    let places = Dictionary(uniqueKeysWithValues: table.names.enumerated().map { ($1, $0) })
    var groups: [(name: String, places: [Int], scratch: ScratchFile)] = []
    for group in plan.groups {
      var own: [Int] = []
      for name in group.columns {
        guard let place = places[name] else {
          throw Fault(
            .badData, "a table lacks a column of another split", file: table.file.path, key: name,
            found: table.names.prefix(24).joined(separator: ", "), expected: "the columns of \(group.name)",
            remedy: "add the column, or choose others: --modality NAME=COLUMN,COLUMN")
        }
        own.append(place)
      }
      groups.append((group.name, own, try ScratchFile(in: folder)))
    }
    var raws: [(name: String, place: Int, texts: [String])] = []
    for (name, column) in plan.raws {
      guard let place = places[column] else {
        throw CSVRoles.missing(column, "--modality", table.names, table.file.path)
      }
      raws.append((name, place, []))
    }
    let others = Array(Set(roles.all.filter { places[$0] != nil })).sorted()
    var texts: [[String]] = others.map { _ in [] }
    var count = 0
    try table.forEach { (row, reader) throws(Fault) in
      for group in groups {
        var values: [Float] = []
        for place in group.places { values.append(try number(row[place], table.names[place], reader)) }
        try withRawBytes(of: values) { (bytes) throws(Fault) in try group.scratch.append(bytes) }
      }
      for index in raws.indices { raws[index].texts.append(row[raws[index].place]) }
      for (index, name) in others.enumerated() {
        let text = CSVField.trimmed(row[places[name] ?? 0])
        if text.isEmpty, roles.targets.contains(name), !options.isForPrediction {
          throw reader.fault(
            "a row has no target", column: name, found: "an empty field", expected: "a value",
            remedy: "remove the row")
        }
        texts[index].append(text)
      }
      count += 1
    }
    var columns: [(name: String, column: SourceColumn)] = []
    for group in groups {
      let range = try group.scratch.range(from: 0)
      guard let type = ElementType("<f4"),
        let array = NumPyArray(
          type: type, shape: [count, group.places.count], isFortran: false, content: .bytes(range))
      else { continue }
      columns.append((group.name, .array(array)))
    }
    columns += raws.map { ($0.name, .texts($0.texts)) }
    for (name, texts) in zip(others, texts) {
      let numbers = roles.targets.contains(name) ? texts.compactMap(Double.init) : []
      columns.append((name, numbers.count == count ? .numbers(numbers) : .texts(texts)))
    }
    return columns
  }

  /// Reads a number. A missing cell is NaN.
  private static func number(_ text: String, _ column: String, _ reader: CSVReader) throws(Fault) -> Float {
    switch CSVField(text) {
    case .number(let value): return value
    case .missing: return .nan
    case .text:
      throw reader.fault(
        "a field is no number", column: column, found: "«\(CSVField.trimmed(text).prefix(40))»", expected: "a number",
        remedy: "choose the columns that are features: --modality NAME=COLUMN,COLUMN")
    }
  }
}
