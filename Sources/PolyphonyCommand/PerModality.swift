import OrderedCollections
import Polyphony

/// The second table of a command with `--per-modality`: a row for each method and modality.
enum PerModality {
  /// The table of the metrics of ``PerModalityMetrics`` among those of some results; nil where there are none.
  static func table(_ results: [RunResult]) -> TextTable? {
    var table = TextTable(
      [.init(""), .init("modality")] + PerModalityMetrics.Kind.allCases.map { .init($0.rawValue, .right) })
    for result in results {
      let scores = result.aggregates
      for modality in OrderedSet(scores.keys.compactMap(modality)) {
        let cells = PerModalityMetrics.Kind.allCases.map { kind in
          scores[PerModalityMetrics.name(modality, kind)]?.formatted() ?? ""
        }
        table.append([result.name, modality] + cells)
      }
    }
    return table.rows.isEmpty ? nil : table
  }

  /// The modality of a metric; nil for a metric of the whole model.
  static func modality(_ metric: String) -> String? {
    let parts = metric.split(separator: "/")
    guard parts.count == 2, PerModalityMetrics.Kind(rawValue: String(parts[1])) != nil else { return nil }
    return String(parts[0])
  }
}
