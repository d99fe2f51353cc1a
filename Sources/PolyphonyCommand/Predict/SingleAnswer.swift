import Foundation
import Polyphony

/// Prints the prediction of a single sample.
enum SingleAnswer {
  /// The maximum number of classes in the table.
  private static let mostClasses = 12

  /// Returns the answer as one JSON document. Its row has the keys of a line of JSON Lines.
  static func document(_ table: PredictionTable) -> OrderedJSON {
    [
      "command": "predict", "version": .string(Polyphony.version),
      "results": .array((0..<table.count).map { table.json($0) }),
    ]
  }

  /// Returns the answer as a short table, with a remark on the modalities.
  static func text(_ table: PredictionTable, _ modalities: [String], glyphs: GlyphSet) -> String {
    let ranking = table.ranking(0)
    var rows = TextTable([.init("prediction")])
    if ranking.isEmpty {
      let values = table.values(0)
      if values.count > 1 { rows = TextTable([.init("target"), .init("prediction", .right)]) }
      for (name, value) in values { rows.append((values.count > 1 ? [name] : []) + [value.description]) }
    } else {
      rows = TextTable([
        .init(table.kind == .multilabel ? "label" : "prediction"), .init("probability", .right),
      ])
      for (name, probability) in ranking.prefix(mostClasses) {
        rows.append([name, String(format: "%.4f", probability)])
      }
    }
    let present = table.present(0)
    let missing = modalities.filter { !present.contains($0) }
    var remarks = "present: \(present.joined(separator: ", "))"
    if !missing.isEmpty { remarks += "; missing: \(missing.joined(separator: ", "))" }
    if table.kind == .multilabel, case .text(let names) = table.row(0)[1] {
      remarks = "prediction: \(names.isEmpty ? "no label" : names)\n" + remarks
    }
    if ranking.count > mostClasses {
      let noun = table.kind == .multilabel ? "labels" : "classes"
      remarks += "\nand \(ranking.count - mostClasses) less probable \(noun)"
    }
    return rows.text(glyphs) + remarks + "\n"
  }
}
