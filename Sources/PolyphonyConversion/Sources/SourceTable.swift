import Polyphony

/// What a file holds, whatever its format: columns by name, in one part or in splits.
struct SourceTable {
  /// Samples that belong together.
  struct Part {
    /// `train`, `valid`, `test`, or another name; empty where the file has no splits.
    var name: String
    /// Columns in the order of the file.
    var columns: [(name: String, column: SourceColumn)]

    /// The column of a name.
    subscript(name: String) -> SourceColumn? { columns.first { $0.name == name }?.column }

    /// What columns there are, for messages.
    var summary: String {
      let names = columns.prefix(24).map { "\($0.name) (\($0.column.summary))" }
      return names.isEmpty ? "nothing" : names.joined(separator: ", ") + (columns.count > 24 ? ", …" : "")
    }
  }

  /// `pickle`, `npz`, `npy`, `HDF5` or `CSV`, for messages.
  var format: String
  /// The file, for messages.
  var file: String
  /// The parts.
  var parts: [Part]
  /// What was noticed on the way.
  var notes: [String] = []

  /// Whether the file says which sample belongs to which split.
  var hasSplits: Bool { parts.count > 1 || parts.first?.name.isEmpty == false }

  /// The usual name of a split that a file calls so; nil where it is none.
  static func splitName(_ name: String) -> String? {
    switch name.lowercased() {
    case "train", "training", "trn": "train"
    case "valid", "val", "dev", "validation", "devel": "valid"
    case "test", "testing", "tst": "test"
    default: nil
    }
  }

  /// Arrays whose names begin with that of a split make parts; where some do not, there are none.
  static func parts(of columns: [(name: String, column: SourceColumn)]) -> [Part] {
    var parts: [Part] = []
    for column in columns {
      guard let end = column.name.firstIndex(where: { "_/.".contains($0) }),
        let split = splitName(String(column.name[..<end]))
      else { return [.init(name: "", columns: columns)] }
      let name = String(column.name[column.name.index(after: end)...])
      if let index = parts.firstIndex(where: { $0.name == split }) {
        parts[index].columns.append((name, column.column))
      } else {
        parts.append(.init(name: split, columns: [(name, column.column)]))
      }
    }
    return parts
  }
}
