extension PredictionTable {
  /// A form of text for predictions.
  public enum Format: String, CaseIterable, Sendable {
    /// Values separated by commas, as RFC 4180 has them, with a newline after each line.
    case csv
    /// The same with tabs in place of the commas.
    case tsv
    /// JSON Lines, one object per row with the columns as keys.
    case jsonl
  }

  /// Returns the table as text.
  ///
  /// Numbers have the fewest digits that read back as the same single-precision bits. In CSV and TSV a text that a
  /// spreadsheet would take for a formula has an apostrophe in front, as OWASP advises. Such a text begins with `=`,
  /// `+`, `-`, `@`, a tab or a carriage return.
  public func text(_ format: Format) -> String {
    header(format) + (0..<count).map { line($0, format) }.joined()
  }

  /// Writes the table, and replaces the file as a whole.
  /// - Throws: `Fault(.cannotWrite)`.
  public func write(to path: String, as format: Format) throws(Fault) {
    try AtomicFile.write(to: path) { (output) throws(Fault) in
      try output.write(Array(header(format).utf8))
      // The pieces keep the text of a large split out of memory.
      for start in stride(from: 0, to: count, by: 4096) {
        let lines = (start..<min(start + 4096, count)).map { line($0, format) }
        try output.write(Array(lines.joined().utf8))
      }
    }
  }

  /// The row as an object with the columns as keys.
  public func json(_ index: Int) -> OrderedJSON {
    .object(zip(columns, row(index)).map { .init($0, $1.json) })
  }

  private func header(_ format: Format) -> String {
    format == .jsonl ? "" : Self.record(columns.map { .text($0) }, format)
  }

  private func line(_ index: Int, _ format: Format) -> String {
    format == .jsonl ? json(index).text(.line) + "\n" : Self.record(row(index), format)
  }

  private static func record(_ cells: [Value], _ format: Format) -> String {
    let separator = format == .tsv ? "\t" : ","
    return cells.map { $0.field(separator) }.joined(separator: separator) + "\n"
  }
}

extension PredictionTable.Value {
  /// The value as a field of CSV or TSV.
  fileprivate func field(_ separator: String) -> String {
    switch self {
    case .integer(let integer): return String(integer)
    case .number(let number): return number.description
    case .text(let text):
      let safe = text.neutralizingFormula()
      let special = "\"\r\n\(separator)".unicodeScalars
      guard safe.unicodeScalars.contains(where: { special.contains($0) }) else { return safe }
      // A quote with an accent behind it is another character, but its scalar is still a quote.
      var quoted = String.UnicodeScalarView()
      for scalar in safe.unicodeScalars { quoted.append(contentsOf: scalar == "\"" ? [scalar, scalar] : [scalar]) }
      return "\"\(String(quoted))\""
    }
  }

  fileprivate var json: OrderedJSON {
    switch self {
    case .integer(let integer): return .integer(integer)
    case .text(let text): return .string(text)
    case .number(let number):
      // The digits of single precision suffice, and they are the same as in CSV.
      let short = Double(number.description) ?? Double(number)
      return .number(Float(short).bitPattern == number.bitPattern ? short : Double(number))
    }
  }
}
