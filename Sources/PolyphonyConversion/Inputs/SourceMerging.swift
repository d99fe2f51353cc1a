import Polyphony

/// The union of several files: one a split, one a modality, or both.
struct SourceMerging {
  private var parts: [SourceTable.Part] = []
  private var notes: [String] = []
  private var groupings: [Grouping] = []
  private var columns: [String: [String]] = [:]
  private var headers: [String] = []
  private var files: [String] = []
  private var formats: Set<String> = []
  private var holdsChoices = false

  /// The table of all files so far.
  var table: SourceTable {
    let order = ["train", "valid", "test"]
    return SourceTable(
      format: formats.count == 1 ? formats.first ?? "" : "several files", file: files.joined(separator: ", "),
      parts: parts.sorted {
        order.firstIndex(of: $0.name) ?? order.count < order.firstIndex(of: $1.name) ?? order.count
      }, notes: notes, groupings: groupings, columns: columns, headers: headers,
      holdsChoices: holdsChoices)
  }

  /// Adds the columns of a file.
  /// - Throws: `Fault(.badData)` for a file with splits of its own, with several arrays, or with other rows.
  mutating func add(_ table: SourceTable, as file: InputFile) throws(Fault) {
    if let split = file.split, table.hasSplits, table.format != "CSV" {
      throw Fault(
        .badData, "the file of one split has splits of its own", file: file.path, key: "--input \(file.name)",
        found: table.parts.map(\.name).joined(separator: ", "), expected: "the samples of \(split) alone",
        remedy: "name the modality alone: --input NAME=FILE")
    }
    for part in table.parts {
      let columns = try file.modality.map { (name) throws(Fault) in try renamed(part, name, file) } ?? part.columns
      let name = table.format == "CSV" || file.split == nil ? part.name : file.split ?? ""
      if let index = parts.firstIndex(where: { $0.name == name }) {
        for column in columns { try append(column, to: index, file) }
      } else {
        parts.append(.init(name: name, columns: columns))
      }
    }
    formats.insert(table.format)
    columns.merge(table.columns) { $1 }
    headers += table.names.filter { !headers.contains($0) }
    holdsChoices = holdsChoices || table.holdsChoices
    files.append(table.file)
    for note in table.notes where !notes.contains(note) { notes.append(note) }
    for grouping in table.groupings where !groupings.contains(where: { $0.name == grouping.name }) {
      groupings.append(grouping)
    }
  }

  /// The columns of a file of one modality, whose array gets the modality's name.
  private func renamed(
    _ part: SourceTable.Part, _ name: String, _ file: InputFile
  ) throws(Fault) -> [(name: String, column: SourceColumn)] {
    guard !part.columns.contains(where: { $0.name == name }) else { return part.columns }
    let usable = part.columns.filter { if case .other = $0.column { false } else { true } }
    let wide = usable.filter { if case .array(let array) = $0.column { array.shape.count > 1 } else { false } }
    let candidates = [usable, usable.filter { $0.name.lastPart == name }, wide]
    guard let chosen = candidates.first(where: { $0.count == 1 })?.first else {
      // A table of one modality may hold nothing but targets and identifiers.
      if file.isTable { return part.columns }
      throw Fault(
        .badData, "a file of one modality holds several arrays, or none", file: file.path, key: "--input \(name)",
        found: part.summary, expected: "one array, samples first",
        remedy: "convert the file alone, and choose its arrays: --modality NAME=KEY")
    }
    return part.columns.map { ($0.name == chosen.name ? name : $0.name, $0.column) }
  }

  /// Appends a column. A column of the same name must have the same content, such as the identifiers of the rows.
  private mutating func append(
    _ column: (name: String, column: SourceColumn), to index: Int, _ file: InputFile
  ) throws(Fault) {
    guard let own = parts[index][column.name] else {
      parts[index].columns.append(column)
      return
    }
    let (one, other) = (try own.words(), try column.column.words())
    if let one, one == other { return }
    let row = zip(one ?? [], other ?? []).enumerated().first { $1.0 != $1.1 }
    throw Fault(
      .badData, "two files hold different columns of one name", file: file.path, key: column.name,
      found: row.map { "«\($1.0)» and «\($1.1)» in row \($0)" } ?? "\(own.summary) and \(column.column.summary)",
      expected: "files with the same samples in the same order", remedy: "sort the files alike, or rename the column")
  }
}

extension InputFile {
  /// True if the name ends like that of a table.
  var isTable: Bool { (["csv", "tsv", "txt"] + JSONLines.endings).contains { path.lowercased().hasSuffix(".\($0)") } }
}
