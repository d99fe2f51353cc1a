import Polyphony

/// The columns of a file that became nothing in the data set.
enum UnusedColumns {
  /// Returns a sentence that names them. It is nil if there are none.
  static func note(
    _ part: SourceTable.Part, _ entries: [ModalitySelection.Entry], _ options: ConversionOptions, targets: [String]
  ) -> String? {
    let keys = Set(entries.map(\.key))
    var used = keys
    for entry in entries {
      for name in [entry.modality.name, entry.key] {
        used.formUnion(["_lengths", "_length", ".length", "_present"].map { name + $0 })
      }
    }
    if keys.contains("text") { used.insert(ModalitySelection.tokens) }
    used.formUnion(
      [
        options.id ?? ConversionOptions.defaultID, options.splitBy ?? ConversionOptions.defaultSplitBy,
        options.groupBy, PresenceColumn.key,
      ].compactMap(\.self) + targets)
    let unused = part.columns.map(\.name).filter { !used.contains($0) }
    guard !unused.isEmpty else { return nil }
    return "columns of no modality are left out: " + unused.listed
  }
}
