import OrderedCollections
import Polyphony

/// The second table of a command with `--per-modality`, which has a row per method and modality.
enum PerModality {
  /// Makes a table of the metrics of ``PerModalityMetrics`` in the results. It is nil if they have none.
  static func table(_ results: [RunResult]) -> TextTable? {
    var table = TextTable(
      [.init(""), .init("modality")] + PerModalityMetrics.Kind.allCases.map { .init($0.rawValue, .right) })
    for result in results {
      let scores = result.aggregates
      for modality in OrderedSet(scores.keys.compactMap { PerModalityMetrics.place(of: $0)?.modality }) {
        let cells = PerModalityMetrics.Kind.allCases.map { kind in
          scores[PerModalityMetrics.name(modality, kind)]?.formatted() ?? ""
        }
        table.append([result.name, modality] + cells)
      }
    }
    return table.rows.isEmpty ? nil : table
  }
}
