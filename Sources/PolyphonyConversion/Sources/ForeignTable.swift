import Polyphony

/// A table in a form that only its own libraries read, and pandas writes as CSV.
///
/// No common system carries a library with a C interface to Parquet: Arrow's Python wheels hold C++ alone, and DuckDB
/// would be built with the program.
enum ForeignTable: String {
  case parquet = "Parquet"
  case feather = "Feather"
  case excel = "Excel"

  /// Recognises a form by the file's first bytes. Newer Excel files are ZIP archives, which `NumPySource` opens.
  init?(_ magic: [UInt8]) {
    let forms: [([UInt8], ForeignTable)] = [
      (Array("PAR1".utf8), .parquet), (Array("ARROW1".utf8), .feather), (Array("FEA1".utf8), .feather),
      ([0xD0, 0xCF, 0x11, 0xE0], .excel),
    ]
    guard let form = forms.first(where: { magic.starts(with: $0.0) })?.1 else { return nil }
    self = form
  }

  /// The call of pandas that reads the form.
  private var reader: String {
    switch self {
    case .parquet: "read_parquet"
    case .feather: "read_feather"
    case .excel: "read_excel"
    }
  }

  /// The error for a file of the form, with the way to a table that can be read.
  func fault(_ path: String) -> Fault {
    Fault(
      .badData, "the table is in a form that only Python's pandas and its like read", file: path, found: rawValue,
      expected: "a table as CSV",
      remedy: "in Python: import pandas; pandas.\(reader)('\(path.lastPart)').to_csv('table.csv', index=False)")
  }
}
