import Polyphony

/// The content of a file of any format: columns by name, in one part or in splits.
struct SourceTable {
  /// The samples of one split, or of the whole file.
  struct Part {
    /// The split's name: `train`, `valid`, `test`, or another one. It is empty if the file has no splits.
    var name: String
    /// The columns in the order of the file.
    var columns: [(name: String, column: SourceColumn)]

    /// The column with a name.
    subscript(name: String) -> SourceColumn? { columns.first { $0.name == name }?.column }

    /// A list of the columns for messages.
    var summary: String {
      let names = columns.prefix(24).map { "\($0.name) (\($0.column.summary))" }
      return names.isEmpty ? "nothing" : names.joined(separator: ", ") + (columns.count > 24 ? ", …" : "")
    }
  }

  /// The format for messages: `pickle`, `npz`, `npy`, `MATLAB`, `HDF5`, `CSV`, or computational sequences.
  var format: String
  /// The file's name for messages.
  var file: String
  /// The parts of the file.
  var parts: [Part]
  /// Remarks from the reading.
  var notes: [String] = []
  /// Columns of a table that look like groups. Other formats keep all their columns, so a search can find them later.
  var groupings: [Grouping] = []
  /// The columns of each modality, for a single table or the tables of several splits.
  var columns: [String: [String]] = [:]
  /// The encoders of modalities whose features were computed from raw inputs.
  var encoders: [String: EncoderRecord] = [:]
  /// The modalities of raw inputs for an encoder inside a model.
  var raws: [String: Modality] = [:]
  /// The names in the headers of tables.
  var headers: [String] = []
  /// True if the reader of a table has made its modalities already, from the choices of the user.
  var holdsChoices = false

  /// All names that an option can mean: columns of tables, or keys.
  var names: [String] { headers.isEmpty ? parts.first?.columns.map(\.name) ?? [] : headers }

  /// True if the file assigns samples to splits.
  var hasSplits: Bool { parts.count > 1 || parts.first?.name.isEmpty == false }

  /// Returns the usual name of a split, such as `valid` for `dev`. It is nil for any other name.
  static func splitName(_ name: String) -> String? {
    switch name.lowercased() {
    case "train", "training", "trn": "train"
    case "valid", "val", "dev", "validation", "devel": "valid"
    case "test", "testing", "tst": "test"
    default: nil
    }
  }

  /// Groups arrays into parts by the split at the start of their names. If one has no such start, all form one part.
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
